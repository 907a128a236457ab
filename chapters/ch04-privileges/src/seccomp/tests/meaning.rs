//! The compiler against a reading of the specification that shares no code with it.

use proptest::prelude::*;
use proptest::sample::select;

use super::{X86_64, number, run};
use crate::seccomp::*;

/// The specification's reading of a filter, without any cleverness.
fn meant(filter: &Filter, name: &str, args: [u64; 6]) -> u32 {
    let returned = |rule: &Rule| verdicts::answer(rule.action, rule.errno_ret);
    let default = verdicts::answer(filter.default_action, filter.default_errno_ret);
    let holds = |one: &Argument| {
        let argument = args[one.index as usize];
        match one.op {
            Comparison::NotEqual => argument != one.value,
            Comparison::Less => argument < one.value,
            Comparison::LessOrEqual => argument <= one.value,
            Comparison::Equal => argument == one.value,
            Comparison::GreaterOrEqual => argument >= one.value,
            Comparison::Greater => argument > one.value,
            Comparison::MaskedEqual => argument & one.value == one.value_two,
        }
    };
    let repeats = |rule: &Rule| {
        let mut seen: Vec<u32> = rule.args.iter().map(|one| one.index).collect();
        seen.sort_unstable();
        seen.windows(2).any(|pair| pair[0] == pair[1])
    };
    let fits = |rule: &&&Rule| match repeats(rule) {
        true => rule.args.iter().any(holds),
        false => rule.args.iter().all(holds),
    };
    let rules: Vec<&Rule> = filter
        .syscalls
        .iter()
        .filter(|rule| rule.names.iter().any(|known| known == name))
        .filter(|rule| returned(rule) != default)
        .collect();
    let bare = rules.iter().find(|rule| rule.args.is_empty());
    bare.or_else(|| rules.iter().find(fits))
        .map_or(default, |rule| returned(rule))
}

const NAMES: [&str; 8] = [
    "read",
    "write",
    "mmap",
    "clone",
    "socket",
    "personality",
    "openat2",
    "bpf",
];

/// Numbers at which comparisons of two halves go wrong.
pub(super) const NUMBERS: [u64; 8] = [
    0,
    1,
    2,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffd,
    0xffff_fffe,
    0xffff_ffff,
];

fn numbers() -> impl Strategy<Value = u64> {
    let high = select(vec![0u64, 1, 2, 0xffff_ffff]);
    (high, select(&NUMBERS[..])).prop_map(|(high, low)| high << 32 | low)
}

fn arguments() -> impl Strategy<Value = Argument> {
    use Comparison as C;
    const OPS: [Comparison; 7] = [
        C::NotEqual,
        C::Less,
        C::LessOrEqual,
        C::Equal,
        C::GreaterOrEqual,
        C::Greater,
        C::MaskedEqual,
    ];
    (0u32..6, numbers(), numbers(), select(&OPS[..])).prop_map(
        |(index, value, value_two, op)| Argument {
            index,
            value,
            value_two,
            op,
        },
    )
}

fn rules() -> impl Strategy<Value = Rule> {
    const ACTIONS: [Action; 5] = [
        Action::Allow,
        Action::Errno,
        Action::Trap,
        Action::Log,
        Action::Trace,
    ];
    rules_of(&NAMES, &ACTIONS)
}

/// Rules for calls of these names, with these actions.
pub(super) fn rules_of(
    names: &'static [&'static str],
    actions: &[Action],
) -> impl Strategy<Value = Rule> + use<> {
    let names = proptest::collection::vec(select(names), 1..4);
    let args = proptest::collection::vec(arguments(), 0..5);
    (
        names,
        select(actions.to_vec()),
        proptest::option::of(0u32..134),
        args,
    )
        .prop_map(|(names, action, errno_ret, args)| Rule {
            names: names.into_iter().map(str::to_owned).collect(),
            action,
            errno_ret,
            args,
        })
}

proptest! {
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_program_does_what_the_filter_means(
        syscalls in proptest::collection::vec(rules(), 0..12),
        name in select(&NAMES[..]),
        args in proptest::array::uniform6(numbers()),
    ) {
        let mut filter = Filter {
            default_action: Action::Errno,
            default_errno_ret: None,
            architectures: vec![],
            flags: None,
            syscalls,
        };
        // A call beyond all that are named is answered otherwise, by another test.
        filter.syscalls.push(Rule {
            names: vec!["openat2".to_owned()],
            action: Action::Errno,
            errno_ret: None,
            args: vec![],
        });
        let program = compile(&filter).unwrap();
        let call = Call { number: number(name), arch: X86_64, args };
        prop_assert_eq!(run(&program.instructions, call), meant(&filter, name, args));
    }
}
