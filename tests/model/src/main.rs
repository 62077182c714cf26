//! explore PROGRAM.so: runs the threads of a program (../host.h) in every order, with every value that C11 lets a load
//! find, as far as loom knows it, and looks at what each execution comes to.
//!
//! Ends with 0 and the number of executions; with 10 and what happened in the execution that went wrong; with 12 when the
//! program can't be explored.
//!
//! Where two threads could meet, loom needs an object of its own. Which addresses those are is not known before they are
//! written to while threads run: so the exploration starts again, in a new process, whenever it learns of another one,
//! and what never changes costs nothing.

mod accesses;
mod program;
mod stacks;
mod world;

use program::Program;
use std::process::exit;
use std::time::{Duration, Instant};
use world::{world, FOUND, LEARNED};

/// The threads' stacks, in words.
const STACK: usize = 0x4000;
const BRANCHES: usize = 50_000;

/// One execution: each begins with what setup() left behind.
fn execute(started: Instant) {
    world().begin();
    let case = world().case;
    let handles: Vec<_> = (1..=case.threads.len())
        .map(|number| {
            let body = move || {
                world().current = number;
                (case.threads[number - 1])();
                accesses::settle();
                accesses::publish();
                world().running[number] = None;
            };
            let handle = loom::thread::Builder::new().stack_size(STACK).spawn(body).unwrap();
            world().running[number] = Some(handle.thread().clone());
            handle
        })
        .collect();
    for handle in handles {
        handle.join().unwrap();
    }
    world().current = 0;
    world().end();
    (case.check)();
    let shared = world().shared();
    shared.executions += 1;
    if shared.executions % 256 == 0 && started.elapsed() > patience() {
        world::give_up("there are too many executions to explore them all");
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// MODEL_SECONDS, for who looks for cases that are small enough.
fn patience() -> Duration {
    Duration::from_secs(setting("MODEL_SECONDS").unwrap_or(600))
}

/// How many at most; MODEL_INTERRUPTIONS for who has more time, 0 is no bound.
fn interruptions() -> Option<usize> {
    match setting("MODEL_INTERRUPTIONS") {
        Some(0) => None,
        Some(most) => Some(most as usize),
        None => world().case.interruptions,
    }
}

fn explore() -> ! {
    std::panic::set_hook(Box::new(|info| {
        let said = info.payload().downcast_ref::<String>().map(String::as_str);
        world::give_up(said.or(info.payload().downcast_ref::<&str>().copied()).unwrap_or("panicked"))
    }));
    (world().case.setup)();
    world().keep();
    let mut builder = loom::model::Builder::new();
    builder.max_threads = world().case.threads.len() + 1;
    builder.max_branches = BRANCHES;
    builder.preemption_bound = interruptions();
    builder.checkpoint_interval = usize::MAX;
    let started = Instant::now();
    builder.check(move || execute(started));
    unsafe { libc::_exit(0) }
}

/// In a process of its own; how that ended.
fn explore_apart() -> i32 {
    let shared = world().shared();
    shared.executions = 0;
    shared.changed = 0;
    let mut status = 0;
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            explore();
        }
        libc::waitpid(child, &mut status, 0);
    }
    if libc::WIFEXITED(status) {
        return libc::WEXITSTATUS(status);
    }
    shared.say(&format!("ended by signal {}", libc::WTERMSIG(status)));
    FOUND
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: explore PROGRAM.so");
        exit(2);
    };
    let program: &'static Program = Box::leak(Box::new(Program::load(&path)));
    for case in &program.cases {
        world::make(program, case);
        let mut code = LEARNED;
        while code == LEARNED {
            code = explore_apart();
        }
        let shared = world().shared();
        if code != 0 {
            println!("{}: after {} good executions: {}", case.name, shared.executions, shared.message().replace('\n', " "));
            if code == FOUND {
                program.print_events(shared);
            }
            exit(code);
        }
        let which = match interruptions() {
            Some(most) => format!(" with {most} interruptions at most"),
            None => String::new(),
        };
        println!("{}: {} executions{which}", case.name, shared.executions);
    }
}
