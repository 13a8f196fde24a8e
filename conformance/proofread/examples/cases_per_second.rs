//! Measures how many cases per second are generated for the bookstore's contract:
//! `cargo run --release -p proofread --example cases_per_second`.

use std::{error::Error, time::Instant};

use proofread::{
    cases::{Deriver, Fixtures, RandomCases},
    contract::Contract,
    oracle::Oracle,
};

/// The number of random cases for each method.
const RANDOM_CASES: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gen/contract.binpb");
    let start = Instant::now();
    let contract = Contract::open(path)?;
    let oracle = Oracle::new(&contract);
    println!("read the contract in {:?}", start.elapsed());
    let fixtures = Fixtures::default();
    let mut deriver = Deriver::new(&contract, &oracle, &fixtures);

    let start = Instant::now();
    let derived = contract.methods().map(|method| deriver.derive(method));
    report("derived", derived.map(|it| it.cases.len()).sum(), start);

    let start = Instant::now();
    let random = contract.methods().map(|method| {
        let cases = RandomCases::new(&contract, &oracle, method, &fixtures, 1);
        cases.take(RANDOM_CASES).count()
    });
    report("random", random.sum(), start);
    Ok(())
}

fn report(kind: &str, cases: usize, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{cases} {kind} cases in {seconds:.2} s: {:.0} per second",
        cases as f64 / seconds
    );
}
