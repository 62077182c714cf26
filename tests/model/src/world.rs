//! What the explorer knows: the program's memory and how it was before the first execution, where threads may meet in it,
//! loom's objects for that, and who waits for what. One system thread does everything: loom's threads are its coroutines.

use crate::program::{Case, Program};
use loom::cell::UnsafeCell as Plain;
use loom::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, AtomicU8, Ordering::SeqCst};
use std::collections::HashMap;
use std::fmt;

/// How a process that explores ends.
pub const FOUND: i32 = 10;
pub const LEARNED: i32 = 11;
const UNEXPLORED: i32 = 12;

const PAGE: usize = 4096;
const ARENA: usize = 512 << 20;
const ENTRIES: usize = 8192;
const EVENTS: usize = 256;

#[derive(PartialEq, Clone, Copy)]
pub enum Phase {
    /// Before and after an execution: one thread, and accesses are what they are.
    Alone,
    Threads,
}

/// Eight aligned bytes that are written to while threads run.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry {
    pub word: usize,
    /// Sizes of the atomic variables by where they begin.
    pub atomics: [u8; 8],
    /// Somebody wrote to the rest.
    pub written: bool,
    /// Bit n: some plain access begins or ends at byte n.
    pub cuts: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Event {
    pub thread: u8,
    pub size: u8,
    pub what: u8, // of accesses.rs
    pub order: i32,
    pub address: usize,
    pub place: usize,
    pub value: u64,
    pub result: u64,
}

/// What outlives the processes that explore.
#[repr(C)]
pub struct Shared {
    pub executions: u64,
    pub changed: u32,
    /// Somebody asks for a membarrier.
    pub orders: bool,
    count: u32,
    entries: [Entry; ENTRIES],
    buckets: [u16; 4 * ENTRIES],
    events: [Event; EVENTS],
    event_count: usize,
    message: [u8; 600],
}

impl Shared {
    fn bucket(word: usize) -> usize {
        (word >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40
    }

    pub fn find(&self, word: usize) -> Option<usize> {
        let mut at = Self::bucket(word);
        loop {
            match self.buckets[at % self.buckets.len()] {
                0 => return None,
                n if self.entries[n as usize - 1].word == word => return Some(n as usize - 1),
                _ => at += 1,
            }
        }
    }

    /// The entry of a word, to be changed: what is learned now serves from the next process on.
    pub fn learn(&mut self, word: usize) -> &mut Entry {
        self.changed = 1;
        if let Some(index) = self.find(word) {
            return &mut self.entries[index];
        }
        let index = self.count as usize;
        assert!(index < ENTRIES, "too many addresses change");
        self.count += 1;
        self.entries[index] = Entry { word, atomics: [0; 8], written: false, cuts: 0 };
        let mut at = Self::bucket(word);
        while self.buckets[at % self.buckets.len()] != 0 {
            at += 1;
        }
        let length = self.buckets.len();
        self.buckets[at % length] = index as u16 + 1;
        &mut self.entries[index]
    }

    pub fn entry(&self, index: usize) -> &Entry {
        &self.entries[index]
    }

    pub fn note(&mut self, event: Event) {
        self.events[self.event_count % EVENTS] = event;
        self.event_count += 1;
    }

    /// The last event did not matter.
    pub fn unnote(&mut self) {
        self.event_count -= 1;
    }

    pub fn events(&self) -> Vec<Event> {
        let first = self.event_count.saturating_sub(EVENTS);
        (first..self.event_count).map(|i| self.events[i % EVENTS]).collect()
    }

    pub fn say(&mut self, what: &str) {
        let length = what.len().min(self.message.len());
        self.message.fill(0);
        self.message[..length].copy_from_slice(&what.as_bytes()[..length]);
    }

    pub fn message(&self) -> String {
        String::from_utf8_lossy(&self.message).trim_end_matches('\0').to_string()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = ["reads", "writes", "loads", "stores", "exchanges", "adds", "ands", "ors", "compares", "waits", "wakes"];
        let order = ["relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"];
        write!(f, "{} {} at {:#x}", what[self.what as usize], self.size, self.address)?;
        match self.what {
            2 => write!(f, " {}: {:#x}", order[self.order as usize], self.result),
            9 | 10 => write!(f, ": {:#x}", self.result),
            3..=8 => write!(f, " {}: {:#x}, was {:#x}", order[self.order as usize], self.value, self.result),
            _ => Ok(()),
        }
    }
}

/// loom's object for an atomic variable.
pub enum Atomic {
    One(AtomicU8),
    Two(AtomicU16),
    Four(AtomicU32),
    Eight(AtomicU64),
}

/// Does the same with whichever it is.
#[macro_export]
macro_rules! whichever {
    ($atomic:expr, $a:ident => $does:expr) => {
        match $atomic {
            $crate::world::Atomic::One($a) => $does,
            $crate::world::Atomic::Two($a) => $does,
            $crate::world::Atomic::Four($a) => $does,
            $crate::world::Atomic::Eight($a) => $does,
        }
    };
}

impl Atomic {
    fn new(address: usize, size: u8) -> Atomic {
        let value = read(address, size as usize);
        let atomic = match size {
            1 => Atomic::One(AtomicU8::new(value as u8)),
            2 => Atomic::Two(AtomicU16::new(value as u16)),
            4 => Atomic::Four(AtomicU32::new(value as u32)),
            _ => Atomic::Eight(AtomicU64::new(value)),
        };
        // loom lets a sequentially consistent load miss only such stores as are newer than another one.
        whichever!(&atomic, a => a.store(value as _, SeqCst));
        atomic
    }
}

pub struct Word {
    pub atomics: Vec<(u8, u8, Atomic)>,
    /// From, to, and loom's object that looks for races.
    pub plain: Vec<(u8, u8, Plain<()>)>,
}

impl Word {
    fn new(entry: &Entry) -> Word {
        let mut word = Word { atomics: Vec::new(), plain: Vec::new() };
        for (at, &size) in entry.atomics.iter().enumerate() {
            if size != 0 {
                word.atomics.push((at as u8, size, Atomic::new(entry.word + at, size)));
            }
        }
        let mut from = 0;
        for to in 1..=8 {
            if entry.written && (to == 8 || entry.cuts >> to & 1 != 0) {
                word.plain.push((from, to, Plain::new(())));
                from = to;
            }
        }
        word
    }
}

/// Memory of the program, by pages that changed.
struct Region {
    from: usize,
    to: usize,
    changed: Vec<bool>,
    changes: Vec<usize>,
    kept: HashMap<usize, Box<[u8; PAGE]>>,
}

impl Region {
    fn new(from: usize, to: usize) -> Region {
        let from = from & !(PAGE - 1);
        Region { from, to, changed: vec![false; (to - from) / PAGE + 1], changes: Vec::new(), kept: HashMap::new() }
    }

    fn touch(&mut self, address: usize) {
        let page = (address - self.from) / PAGE;
        if !self.changed[page] {
            self.changed[page] = true;
            self.changes.push(page);
        }
    }

    /// What the pages that changed hold now is what each execution begins with.
    fn keep(&mut self, pages: Vec<usize>) {
        for page in pages {
            let mut copy = Box::new([0; PAGE]);
            let from = self.from + page * PAGE;
            let size = PAGE.min(self.to - from);
            unsafe { std::ptr::copy_nonoverlapping(from as *const u8, copy.as_mut_ptr(), size) };
            self.kept.insert(page, copy);
        }
        self.forget();
    }

    fn forget(&mut self) {
        while let Some(page) = self.changes.pop() {
            self.changed[page] = false;
        }
    }

    fn restore(&mut self) {
        for &page in &self.changes {
            let to = (self.from + page * PAGE) as *mut u8;
            let size = PAGE.min(self.to - to as usize);
            unsafe {
                match self.kept.get(&page) {
                    Some(copy) => std::ptr::copy_nonoverlapping(copy.as_ptr(), to, size),
                    None => std::ptr::write_bytes(to, 0, size),
                }
            }
        }
        self.forget();
    }
}

pub struct World {
    pub case: &'static Case,
    shared: *mut Shared,
    regions: [Region; 2],
    arena_used: usize,
    arena_kept: usize,
    pub phase: Phase,
    /// The thread that runs.
    pub current: usize,
    /// By thread: what a membarrier is known by, and whom it reaches; empty while nobody asks for one.
    pub orders: Vec<AtomicU8>,
    pub running: Vec<Option<loom::thread::Thread>>,
    pub words: Vec<Option<Word>>,
    /// Atomic variables that a plain access is about to write to: word, and which.
    pub settling: Vec<(usize, usize)>,
    /// Word and thread, in the order in which they came.
    pub waiting: Vec<(usize, loom::thread::Thread)>,
}

static mut WORLD: *mut World = std::ptr::null_mut();

pub fn world() -> &'static mut World {
    unsafe { &mut *WORLD }
}

fn map(size: usize, flags: i32) -> usize {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = flags | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let at = unsafe { libc::mmap(std::ptr::null_mut(), size, protection, flags, -1, 0) };
    assert!(at != libc::MAP_FAILED, "no memory");
    at as usize
}

/// A world for each case, in a process that explores nothing itself.
pub fn make(program: &'static Program, case: &'static Case) {
    let arena = map(ARENA, libc::MAP_PRIVATE);
    let world = World {
        case,
        shared: map(std::mem::size_of::<Shared>(), libc::MAP_SHARED) as *mut Shared,
        regions: [Region::new(program.data.0, program.data.1), Region::new(arena, arena + ARENA)],
        arena_used: arena,
        arena_kept: arena,
        phase: Phase::Alone,
        current: 0,
        orders: Vec::new(),
        running: Vec::new(),
        words: Vec::new(),
        settling: Vec::new(),
        waiting: Vec::new(),
    };
    unsafe { WORLD = Box::into_raw(Box::new(world)) };
}

pub fn read(address: usize, size: usize) -> u64 {
    let mut value = 0u64;
    unsafe { std::ptr::copy_nonoverlapping(address as *const u8, &mut value as *mut u64 as *mut u8, size) };
    value
}

pub fn give_up(message: &str) -> ! {
    let shared = world().shared();
    let found = ["Causality violation", "deadlock;", "not so:"].iter().any(|m| message.contains(m));
    shared.say(message);
    let code = match (shared.changed, found) {
        (1, _) => LEARNED,
        (_, true) => FOUND,
        _ => UNEXPLORED,
    };
    unsafe { libc::_exit(code) }
}

impl World {
    pub fn shared(&self) -> &'static mut Shared {
        unsafe { &mut *self.shared }
    }

    /// Whether an address is one that threads can share: not their stacks.
    pub fn holds(&self, address: usize) -> bool {
        self.regions.iter().any(|r| (r.from..r.to).contains(&address))
    }

    /// These bytes are about to change.
    pub fn touch(&mut self, address: usize, size: usize) {
        for region in &mut self.regions {
            if (region.from..region.to).contains(&address) {
                let last = (address + size.max(1) - 1).min(region.to - 1);
                (address..last).step_by(PAGE).chain([last]).for_each(|at| region.touch(at));
            }
        }
    }

    pub fn write(&mut self, address: usize, size: usize, value: u64) {
        self.touch(address, size);
        unsafe { std::ptr::copy_nonoverlapping(&value as *const u64 as *const u8, address as *mut u8, size) };
    }

    pub fn allocate(&mut self, size: usize) -> usize {
        let at = self.arena_used;
        self.arena_used = (at + size + PAGE - 1) & !(PAGE - 1);
        assert!(self.arena_used <= self.regions[1].to, "no memory for the program");
        at
    }

    /// After setup().
    pub fn keep(&mut self) {
        let data = (0..self.regions[0].changed.len()).collect();
        self.regions[0].keep(data);
        let arena = self.regions[1].changes.clone();
        self.regions[1].keep(arena);
        self.arena_kept = self.arena_used;
    }

    /// An execution begins.
    pub fn begin(&mut self) {
        self.regions.iter_mut().for_each(Region::restore);
        self.arena_used = self.arena_kept;
        self.current = 0;
        self.waiting.clear();
        self.running = vec![None; self.case.threads.len() + 1];
        let shared = self.shared();
        shared.event_count = 0;
        self.words.clear();
        for index in 0..shared.count as usize {
            self.words.push(Some(Word::new(shared.entry(index))));
        }
        let orders = if shared.orders { self.running.len() } else { 0 };
        self.orders = (0..orders).map(|_| AtomicU8::new(0)).collect();
        self.phase = Phase::Threads;
    }

    /// All its threads have ended, and the last one of them ran.
    pub fn end(&mut self) {
        self.phase = Phase::Alone;
        if self.shared().changed != 0 {
            unsafe { libc::_exit(LEARNED) }
        }
    }
}
