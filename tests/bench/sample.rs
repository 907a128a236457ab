//! What hyperfine measured: samples of commands that failed thrown away, and counted.

use serde_json::Value;

/// The samples of one command.
pub(crate) struct Sample {
    /// Milliseconds of the runs that ended with 0, sorted.
    good: Vec<f64>,
    /// How many did not.
    pub(crate) failed: usize,
}

impl Sample {
    /// The samples in hyperfine's `--export-json`, one for each command.
    pub(crate) fn all(json: &str) -> Vec<Self> {
        let json: Value = serde_json::from_str(json).expect("hyperfine writes JSON");
        let results = json["results"].as_array().expect("results");
        results.iter().map(Self::of).collect()
    }

    fn of(result: &Value) -> Self {
        let list =
            |name: &str| result[name].as_array().expect("a list of numbers").clone();
        let (times, codes) = (list("times"), list("exit_codes"));
        let pairs = times.iter().zip(&codes);
        let good = pairs.filter(|(_, code)| code.as_i64() == Some(0));
        let mut good: Vec<f64> =
            good.filter_map(|(t, _)| Some(t.as_f64()? * 1e3)).collect();
        good.sort_by(f64::total_cmp);
        let failed = times.len() - good.len();
        Self { good, failed }
    }

    /// The median of the good runs, if most were good.
    pub(crate) fn median(&self) -> Option<f64> {
        let middle = self.good.get(self.good.len() / 2).copied();
        middle.filter(|_| self.good.len() > self.failed)
    }

    /// How many runs were good.
    pub(crate) fn count(&self) -> usize {
        self.good.len()
    }
}
