//! The other way to a group: systemd makes it (org.freedesktop.systemd1(5),
//! `docs/CONTROL_GROUP_INTERFACE.md` and `docs/CGROUP_DELEGATION.md` in its tree).
//!
//! Where systemd is the machine's first process, the trees are its own: it makes groups
//! in them, limits them, and tidies up. A group that somebody else has made in there it
//! does not know, and may change or remove. So one asks it for a *scope*: a unit of
//! processes that it has not started itself. The scope is *delegated*: what is below
//! its folder is ours, and what systemd does not know of stays as we have set it.
//!
//! ```text
//! runtime                                       systemd
//! the new process waits at its gate
//! StartTransientUnit(NAME.scope, PIDs=[…]) ──▶  makes the folder, moves the process
//!                                     ◀──       the answer: a job
//!                                     ◀──       JobRemoved: the job is done
//! the other folders and limits, by hand
//! ```
//!
//! [`Unit`] is what such a unit is called, `properties` the limits that systemd has to
//! know, `address` where it listens, and `bus` the protocol.

mod address;
mod bus;
mod group;
mod properties;
#[cfg(test)]
mod tests;
mod unit;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::unistd::Pid;
use workbench::steps::step;

use crate::layout::{self, Layout, Version};
use crate::limits::Limits;
use address::{Address, Surroundings};
use bus::{Bus, Object, Refusal, Value};
use properties::Property;
pub use unit::Unit;

/// How long systemd may take for one thing.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to do on a machine without it.
const INSTEAD: &str = "ask for groups without systemd: podman --cgroup-manager=cgroupfs, \
    dockerd --exec-opt native.cgroupdriver=cgroupfs, containerd SystemdCgroup = false";

const MANAGER: Object = Object {
    owner: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
};

/// Whether the caller's systemd is its own, and not the machine's.
#[must_use]
pub fn is_rootless() -> bool {
    Surroundings::of_caller().rootless
}

/// Looks for a systemd to speak to, before anything depends on it.
///
/// # Errors
/// When none is there.
pub fn check() -> Result<()> {
    let all = Surroundings::of_caller().addresses();
    if all.iter().any(Address::is_there) {
        return Ok(());
    }
    bail!(nobody(&all))
}

/// That no systemd is there, in the words that callers know, and where it was looked for.
fn nobody(looked: &[Address]) -> String {
    let looked: Vec<_> = looked.iter().map(ToString::to_string).collect();
    let looked = match looked.is_empty() {
        true => "neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set".to_owned(),
        false => format!("no socket at {}", looked.join(" or ")),
    };
    format!(
        "systemd cgroup flag passed, but systemd support for managing cgroups is not \
         available: {looked}; {INSTEAD}"
    )
}

/// A systemd that is being spoken to.
struct Manager {
    bus: Bus,
    version: u32,
    patience: Duration,
}

impl Manager {
    /// Connects to the caller's systemd.
    fn of_caller() -> Result<Self> {
        Self::at(&Surroundings::of_caller().addresses(), PATIENCE)
    }

    /// Connects to the first of these that answers.
    fn at(addresses: &[Address], patience: Duration) -> Result<Self> {
        let mut first = None;
        for address in addresses.iter().filter(|address| address.is_there()) {
            let answer = Self::behind(address, patience);
            match answer.with_context(|| format!("speak to systemd at {address}")) {
                Ok(manager) => return Ok(manager),
                Err(error) => _ = first.get_or_insert(error),
            }
        }
        Err(first.unwrap_or_else(|| anyhow::anyhow!(nobody(addresses))))
    }

    fn behind(address: &Address, patience: Duration) -> Result<Self> {
        let mut bus = Bus::open(address, patience)?;
        if address.is_bus {
            bus.listen(MANAGER, "JobRemoved")?;
        }
        let properties = Object {
            interface: "org.freedesktop.DBus.Properties",
            ..MANAGER
        };
        let which = [MANAGER.interface, "Version"].map(Value::text);
        let answer = bus.call(properties, "Get", &which)?;
        let version = number(answer.first().and_then(Value::as_text).unwrap_or(""));
        Ok(Self {
            bus,
            version,
            patience,
        })
    }

    /// Starts a unit, and waits until its processes are in it. A unit of this name that
    /// has failed some time ago is forgotten first.
    // ANCHOR: start
    fn start(&mut self, name: &str, properties: Vec<Property>) -> Result<()> {
        let properties = Value::Array("(sv)".to_owned(), pairs(properties));
        let none = Value::Array("(sa(sv))".to_owned(), Vec::new());
        let order = [Value::text(name), Value::text("replace"), properties, none];
        let why = "systemd makes the group, and moves the waiting process into it";
        let mut job = self.call("StartTransientUnit", &order, why);
        if is(&job, "org.freedesktop.systemd1.UnitExists") {
            self.forget(name);
            job = self.call("StartTransientUnit", &order, why);
        }
        let job = job.with_context(|| format!("start systemd unit {name}"))?;
        let started = self.wait_for(&job);
        if started.is_err() {
            let _ = self.call("StopUnit", &order[..2], "nothing stays of what failed");
            self.forget(name);
        }
        started.with_context(|| format!("start systemd unit {name}"))
    }
    // ANCHOR_END: start

    /// Stops a unit, and forgets it. One that is not there is no error: a scope ends by
    /// itself when its last process has.
    fn stop(&mut self, name: &str) -> Result<()> {
        let order = [name, "replace"].map(Value::text);
        let why = "systemd removes its folders, and what it knows of the unit";
        let job = self.call("StopUnit", &order, why);
        let stopped = if is(&job, "org.freedesktop.systemd1.NoSuchUnit") {
            Ok(())
        } else {
            job.and_then(|job| self.wait_for(&job))
        };
        self.forget(name);
        stopped.with_context(|| format!("stop systemd unit {name}"))
    }

    /// Changes properties of a unit, until the machine is started again.
    fn set(&mut self, name: &str, properties: Vec<Property>) -> Result<()> {
        if properties.is_empty() {
            return Ok(());
        }
        let properties = Value::Array("(sv)".to_owned(), pairs(properties));
        let order = [Value::text(name), Value::Bool(true), properties];
        let why = "what systemd is not told it would undo when it writes its files anew";
        self.call("SetUnitProperties", &order, why)
            .map(drop)
            .with_context(|| format!("change systemd unit {name}"))
    }

    /// Has systemd forget that a unit has failed; of one that has not, there is nothing
    /// to be forgotten.
    fn forget(&mut self, name: &str) {
        let order = [Value::text(name)];
        let why = "a unit that has failed is kept, and keeps its name";
        let _ = self.call("ResetFailedUnit", &order, why);
    }

    fn call(&mut self, member: &str, order: &[Value], why: &str) -> Result<Vec<Value>> {
        let words: Vec<_> = order.iter().map(ToString::to_string).collect();
        let call = format_args!("systemd: {member}({})", words.join(", "));
        step(6, call, why, || self.bus.call(MANAGER, member, order))
    }

    /// Waits for the end of the job that was the answer to a call.
    fn wait_for(&mut self, job: &[Value]) -> Result<()> {
        let [Value::Path(job)] = job else {
            bail!("the answer is not a job");
        };
        let end = Instant::now() + self.patience;
        loop {
            let told = self.bus.signal("JobRemoved", end);
            let told = told.with_context(|| {
                format!("the job was not done within {:?}", self.patience)
            })?;
            let [_, Value::Path(which), _, Value::Text(result)] = &told[..] else {
                continue;
            };
            if which == job {
                ensure!(result == "done", "the job ended with {result:?}");
                return Ok(());
            }
        }
    }
}

/// Whether a call was refused with this name.
fn is<T>(answer: &Result<T>, name: &str) -> bool {
    let error = answer.as_ref().err();
    let refusal = error.and_then(|error| error.downcast_ref::<Refusal>());
    refusal.is_some_and(|refusal| refusal.name == name)
}

fn pairs(properties: Vec<Property>) -> Vec<Value> {
    let pair = |(name, value)| {
        Value::Struct(vec![Value::text(name), Value::Variant(Box::new(value))])
    };
    properties.into_iter().map(pair).collect()
}

/// The number that a version begins with: 252 of `v252.38-1`.
fn number(version: &str) -> u32 {
    let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().unwrap_or(0)
}

/// The properties of a container's unit, with the process that it begins with.
// ANCHOR: beginning
fn beginning(unit: &Unit, slice: &str, pid: Pid, version: Version) -> Vec<Property> {
    let is = || Value::Bool(true);
    let io = match version {
        Version::V1 => "BlockIOAccounting",
        Version::V2 => "IOAccounting",
    };
    let mut properties = vec![
        (
            "Description",
            Value::text(format!("container {}", unit.name)),
        ),
        // Stopped with the machine by whoever manages containers, in their order.
        ("DefaultDependencies", Value::Bool(false)),
        ("MemoryAccounting", is()),
        ("CPUAccounting", is()),
        (io, is()),
        ("TasksAccounting", is()),
    ];
    if unit.is_slice() {
        let above = Value::Array("s".to_owned(), vec![Value::text(slice)]);
        properties.push(("Wants", above));
    } else {
        let pid = Value::U32(pid.as_raw().unsigned_abs());
        properties.push(("Slice", Value::text(slice)));
        properties.push(("Delegate", is()));
        properties.push(("PIDs", Value::Array("u".to_owned(), vec![pid])));
    }
    properties
}
// ANCHOR_END: beginning

/// The version of the interface in which systemd limits on this machine.
fn version() -> Version {
    match layout::layout() {
        Layout::Unified => Version::V2,
        _ => Version::V1,
    }
}

/// All that a unit is started with.
fn start(unit: &Unit, pid: Pid, limits: &Limits) -> Result<()> {
    let mut manager = Manager::of_caller()?;
    let slice = unit.slice(is_rootless()).to_owned();
    let version = version();
    let mut properties = beginning(unit, &slice, pid, version);
    properties.extend(properties::of(limits, version, manager.version));
    manager.start(&unit.name, properties)
}

/// Tells systemd of other limits of a unit.
fn set(name: &str, limits: &Limits) -> Result<()> {
    let mut manager = Manager::of_caller()?;
    let properties = properties::of(limits, version(), manager.version);
    manager.set(name, properties)
}

fn stop(name: &str) -> Result<()> {
    Manager::of_caller()?.stop(name)
}
