# Everyday commands. `just` lists them.

_default:
    @just --list --unsorted

# Show the product at work on the simulators.
demo:
    cargo run --release -- demo

# Run all tests, or those whose name contains a word.
test name="":
    cargo test --workspace {{name}}

# Test one crate, which is much quicker: `just one pipeline`.
one crate:
    cargo test -p {{crate}}

# Format, then lint as strictly as CI does.
tidy:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Read the documentation of the code.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --open

# Measure speed and memory between two simulators.
bench documents="10000":
    cargo build --release
    cargo run --release -p benchmark -- --documents {{documents}}

# Fuzz what reads the words of others, each target for so many seconds.
fuzz seconds="60":
    tests/fuzz/run --seconds {{seconds}}

# Licences, banned and duplicate crates, sources.
deny:
    cargo deny --all-features check licenses bans sources

# Everything that CI checks.
ci:
    .ci/run

# The binary as it is packaged: without the simulators.
package:
    cargo build --release -p b1-coupa --no-default-features
