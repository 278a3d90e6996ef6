//! The program `b1-coupa`. See the library for everything.

fn main() -> std::process::ExitCode {
    b1_coupa::main()
}
