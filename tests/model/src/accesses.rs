//! What the program calls (../host.h): each access to its memory becomes one of loom's.

use crate::whichever;
use crate::world::{give_up, read, world, Atomic, Event, Phase};
use loom::sync::atomic::Ordering::{self, *};
use loom::thread::current;
use std::ffi::{c_char, c_int, c_void, CStr};

const LOAD: u32 = 0;
const STORE: u32 = 1;
const EXCHANGE: u32 = 2;
const ADD: u32 = 3;
const AND: u32 = 4;
const OR: u32 = 5;
const CAS: u32 = 6;

/// Of an event: an operation is its number and this.
const OPERATION: u32 = 2;
const WAIT: u32 = 9;
const WAKE: u32 = 10;

fn ordering(order: c_int) -> Ordering {
    match order {
        0 => Relaxed,
        1 | 2 => Acquire,
        3 => Release,
        4 => AcqRel,
        _ => SeqCst,
    }
}

fn note(what: u32, address: usize, size: usize, place: usize, order: c_int, value: u64, result: u64) {
    let thread = world().current as u8;
    let size = size.min(255) as u8;
    world().shared().note(Event { thread, size, what: what as u8, order, address, place, value, result });
}

// ---- Plain accesses ----

/// What a thread wrote to atomic variables as to plain memory is there now: other threads find it as loom lets them.
pub fn settle() {
    while let Some((index, which)) = world().settling.pop() {
        let word = world().shared().entry(index).word;
        if let Some(entry) = &mut world().words[index] {
            let (at, size, atomic) = &mut entry.atomics[which];
            let value = read(word + *at as usize, *size as usize);
            whichever!(atomic, a => a.with_mut(|v| *v = value as _));
        }
    }
}

/// The part of an access that lies in one word, by its first and last byte there.
fn plain_in_word(word: usize, from: u8, to: u8, writes: bool) -> bool {
    let shared = world().shared();
    let Some(index) = shared.find(word) else {
        if writes {
            let entry = shared.learn(word);
            entry.written = true;
            entry.cuts |= 1 << from | ((1u16 << to) & 0xff) as u8;
        }
        return false;
    };
    let entry = *shared.entry(index);
    let mut others = (1u16 << to) - (1u16 << from);
    for (at, &size) in entry.atomics.iter().enumerate() {
        others &= !((((1u16 << size) - 1) as u16) << at);
    }
    let cuts = 1 << from | ((1u16 << to) & 0xff) as u8;
    if others != 0 && (entry.cuts | 1) & cuts != cuts && (writes || entry.written) {
        shared.learn(word).cuts |= cuts;
    }
    if others != 0 && writes && !entry.written {
        shared.learn(word).written = true;
    }
    let Some(objects) = world().words.get_mut(index).and_then(Option::as_mut) else { return false };
    for (which, (at, size, atomic)) in objects.atomics.iter_mut().enumerate() {
        if *at < to && *at + *size > from {
            if writes {
                whichever!(atomic, a => a.with_mut(|_| ()));
                world().settling.push((index, which));
            } else {
                whichever!(atomic, a => { unsafe { a.unsync_load() }; });
            }
        }
    }
    for (_, _, plain) in objects.plain.iter().filter(|p| p.0 < to && p.1 > from && others >> p.0 & 1 != 0) {
        if writes {
            plain.with_mut(|_| ());
        } else {
            plain.with(|_| ());
        }
    }
    true
}

pub extern "C" fn plain(address: usize, size: usize, writes: bool, place: usize) {
    if size == 0 || !world().holds(address) {
        return;
    }
    if writes {
        world().touch(address, size);
    }
    if world().phase == Phase::Alone {
        return;
    }
    settle();
    note(writes as u32, address, size, place, 0, 0, 0);
    let mut met = false;
    for word in (address & !7..address + size).step_by(8) {
        let from = address.saturating_sub(word) as u8;
        let to = (address + size - word).min(8) as u8;
        met |= plain_in_word(word, from, to, writes);
    }
    if !met {
        world().shared().unnote();
    }
}

// ---- Atomic accesses ----

struct Operation {
    kind: u32,
    value: u64,
    expected: u64,
    order: Ordering,
    order_failed: Ordering,
}

impl Operation {
    /// What is there afterwards, if that is another thing; and what was there.
    fn alone(&self, before: u64) -> Option<u64> {
        match self.kind {
            LOAD => None,
            STORE | EXCHANGE => Some(self.value),
            ADD => Some(before.wrapping_add(self.value)),
            AND => Some(before & self.value),
            OR => Some(before | self.value),
            _ => (before == self.expected).then_some(self.value),
        }
    }

    fn on(&self, atomic: &Atomic) -> u64 {
        let (order, failed) = (self.order, self.order_failed);
        whichever!(atomic, a => match self.kind {
            LOAD => a.load(order) as u64,
            STORE => {
                a.store(self.value as _, order);
                0
            }
            EXCHANGE => a.swap(self.value as _, order) as u64,
            ADD => a.fetch_add(self.value as _, order) as u64,
            AND => a.fetch_and(self.value as _, order) as u64,
            OR => a.fetch_or(self.value as _, order) as u64,
            _ => match a.compare_exchange(self.expected as _, self.value as _, order, failed) {
                Ok(before) | Err(before) => before as u64,
            },
        })
    }
}

/// Returns what was there.
fn operate(operation: &Operation, address: usize, size: usize, place: usize, event: u32, order: c_int) -> u64 {
    let write = operation.kind != LOAD;
    if world().phase == Phase::Alone || !world().holds(address) {
        let before = read(address, size);
        if let Some(after) = operation.alone(before) {
            world().write(address, size, after);
        }
        return before;
    }
    settle();
    let (word, at) = (address & !7, address & 7);
    let known = world().shared().find(word).filter(|&i| world().shared().entry(i).atomics[at] as usize == size);
    let found = known.and_then(|index| {
        let objects = world().words.get(index)?.as_ref()?;
        objects.atomics.iter().find(|a| a.0 as usize == at)
    });
    let me = world().current;
    let before = match found {
        Some((_, _, atomic)) => {
            let before = operation.on(atomic);
            world().current = me;
            note(event, address, size, place, order, operation.value, before);
            before
        }
        None => {
            if write && known.is_none() {
                world().shared().learn(word).atomics[at] = size as u8;
            }
            read(address, size)
        }
    };
    if let Some(after) = operation.alone(before) {
        world().write(address, size, after);
    }
    if event != WAIT {
        publish(); // who waits is to be found by the next waker at once
    }
    before
}

pub extern "C" fn atomic(
    kind: u32,
    address: usize,
    size: usize,
    value: u64,
    expected: *mut c_void,
    order: c_int,
    order_failed: c_int,
    place: usize,
) -> u64 {
    let expected = expected as usize;
    let mut operation =
        Operation { kind, value, expected: 0, order: ordering(order), order_failed: ordering(order_failed) };
    if kind != CAS {
        return operate(&operation, address, size, place, kind + OPERATION, order);
    }
    plain(expected, size, false, place);
    operation.expected = read(expected, size);
    let before = operate(&operation, address, size, place, kind + OPERATION, order);
    if before != operation.expected {
        plain(expected, size, true, place);
        unsafe { std::ptr::copy_nonoverlapping(&before as *const u64 as *const u8, expected as *mut u8, size) };
    }
    (before == operation.expected) as u64
}

pub extern "C" fn fence(order: c_int) {
    if world().phase == Phase::Threads {
        settle();
        loom::sync::atomic::fence(ordering(order));
    }
}

// ---- What the kernel does ----

/// Compares under a lock of its own, so with the newest value. What the waker did comes before what the woken does next, as
/// in the kernel; what others did does not.
pub extern "C" fn wait(word: usize, expected: u32, place: usize) {
    let look = Operation { kind: ADD, value: 0, expected: 0, order: Relaxed, order_failed: Relaxed };
    if operate(&look, word, 4, place, WAIT, 0) as u32 != expected {
        return;
    }
    if world().phase == Phase::Alone {
        give_up("not so: somebody is there to wake this thread");
    }
    let me = world().current;
    world().waiting.push((word, current()));
    publish();
    while world().waiting.iter().any(|waiter| waiter.1.id() == current().id()) {
        loom::thread::park();
        world().current = me;
    }
}

pub extern "C" fn wake(word: usize, threads: c_int, place: usize) {
    let look = Operation { kind: ADD, value: 0, expected: 0, order: Relaxed, order_failed: Relaxed };
    operate(&look, word, 4, place, WAKE, 0);
    for _ in 0..threads {
        let waiting = &mut world().waiting;
        match waiting.iter().position(|waiter| waiter.0 == word) {
            Some(first) => waiting.remove(first).1.unpark(),
            None => return,
        };
    }
}

/// What the thread did up to here is there for the next membarrier of another one.
pub fn publish() {
    let me = world().current;
    if let Some(mine) = world().orders.get(me) {
        mine.store(0, Release);
        world().current = me;
    }
}

/// membarrier. Each other thread is between two accesses now, and there the barrier is: the caller sees what was before, by
/// publish(), and what comes after sees what the caller did, because loom's unpark hands that on at once, and does no more to a
/// thread that is not parked.
pub extern "C" fn order(_place: usize) {
    if world().phase == Phase::Alone {
        return;
    }
    settle();
    if world().orders.is_empty() {
        let shared = world().shared();
        shared.orders = true;
        shared.changed = 1;
        return;
    }
    let me = world().current;
    for other in (1..world().orders.len()).filter(|&other| other != me) {
        world().orders[other].fetch_add(0, Acquire);
        world().current = me;
        if let Some(thread) = &world().running[other] {
            thread.unpark();
        }
    }
}

pub extern "C" fn allocate(size: usize) -> usize {
    world().allocate(size)
}

pub extern "C" fn current_number() -> c_int {
    world().current as c_int
}

pub extern "C" fn become_thread(thread: c_int) {
    world().current = thread as usize;
}

pub extern "C" fn fail(file: *const c_char, line: c_int, what: *const c_char) {
    let text = |p| unsafe { CStr::from_ptr(p) }.to_string_lossy();
    give_up(&format!("{}:{line}: not so: {}", text(file), text(what)));
}
