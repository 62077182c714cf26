//! The program that is explored: a shared object that is loaded once, before any process is forked.

use crate::accesses;
use crate::world::{Event, Shared};
use std::ffi::{c_char, c_int, c_void, CString};
use std::process::{exit, Command};

#[repr(C)]
pub struct Host {
    pub plain: extern "C" fn(usize, usize, bool, usize),
    pub atomic: extern "C" fn(u32, usize, usize, u64, *mut c_void, c_int, c_int, usize) -> u64,
    pub fence: extern "C" fn(c_int),
    pub wait: extern "C" fn(usize, u32, usize),
    pub wake: extern "C" fn(usize, c_int, usize),
    pub order: extern "C" fn(usize),
    pub allocate: extern "C" fn(usize) -> usize,
    pub current: extern "C" fn() -> c_int,
    pub become_thread: extern "C" fn(c_int),
    pub fail: extern "C" fn(*const c_char, c_int, *const c_char),
}

static HOST: Host = Host {
    plain: accesses::plain,
    atomic: accesses::atomic,
    fence: accesses::fence,
    wait: accesses::wait,
    wake: accesses::wake,
    order: accesses::order,
    allocate: accesses::allocate,
    current: accesses::current_number,
    become_thread: accesses::become_thread,
    fail: accesses::fail,
};

#[repr(C)]
struct RawCase {
    name: *const c_char,
    setup: Option<extern "C" fn()>,
    threads: [Option<extern "C" fn()>; 5],
    check: Option<extern "C" fn()>,
    interruptions: usize,
}

pub struct Case {
    pub name: String,
    pub setup: extern "C" fn(),
    pub threads: Vec<extern "C" fn()>,
    pub check: extern "C" fn(),
    pub interruptions: Option<usize>,
}

pub struct Program {
    path: String,
    base: usize,
    /// Its variables: from, to.
    pub data: (usize, usize),
    pub cases: Vec<Case>,
}

fn die(what: &str) -> ! {
    eprintln!("explore: {what}");
    exit(2);
}

struct Search<'a> {
    path: &'a str,
    base: usize,
    data: (usize, usize),
}

unsafe extern "C" fn find(info: *mut libc::dl_phdr_info, _: usize, argument: *mut c_void) -> c_int {
    let (info, search) = (&*info, &mut *(argument as *mut Search));
    if std::ffi::CStr::from_ptr(info.dlpi_name).to_bytes() != search.path.as_bytes() {
        return 0;
    }
    search.base = info.dlpi_addr as usize;
    let headers = std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize);
    let range = |header: &libc::Elf64_Phdr| {
        let from = search.base + header.p_vaddr as usize;
        (from, from + header.p_memsz as usize)
    };
    let writable = headers.iter().find(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_W != 0);
    if let Some(header) = writable {
        search.data = range(header);
    }
    if let Some(header) = headers.iter().find(|h| h.p_type == libc::PT_GNU_RELRO) {
        search.data.0 = search.data.0.max((range(header).1 + 4095) & !4095);
    }
    1
}

extern "C" fn nothing() {}

impl Case {
    unsafe fn read(case: &RawCase) -> Option<Case> {
        if case.name.is_null() {
            return None;
        }
        Some(Case {
            name: std::ffi::CStr::from_ptr(case.name).to_string_lossy().into_owned(),
            setup: case.setup.unwrap_or(nothing),
            threads: case.threads.iter().map_while(|t| *t).collect(),
            check: case.check.unwrap_or(nothing),
            interruptions: (case.interruptions > 0).then_some(case.interruptions),
        })
    }
}

impl Program {
    pub fn load(path: &str) -> Program {
        let name = CString::new(path).unwrap();
        let raw = unsafe {
            let object = libc::dlopen(name.as_ptr(), libc::RTLD_LAZY);
            if object.is_null() {
                die(&std::ffi::CStr::from_ptr(libc::dlerror()).to_string_lossy());
            }
            let symbol = libc::dlsym(object, c"model_attach".as_ptr());
            if symbol.is_null() {
                die("not a program of tests/model");
            }
            let attach: extern "C" fn(&'static Host) -> *const RawCase = std::mem::transmute(symbol);
            attach(&HOST)
        };
        let mut cases = Vec::new();
        while let Some(case) = unsafe { Case::read(&*raw.add(cases.len())) } {
            cases.push(case);
        }
        let mut search = Search { path, base: 0, data: (0, 0) };
        unsafe { libc::dl_iterate_phdr(Some(find), &mut search as *mut Search as *mut c_void) };
        Program {
            path: path.to_string(),
            base: search.base,
            data: search.data,
            cases,
        }
    }

    /// FILE:LINE of each address that a call returns to.
    fn places(&self, events: &[Event]) -> Vec<String> {
        let addresses: Vec<String> =
            events.iter().map(|e| format!("{:#x}", e.place.wrapping_sub(self.base).wrapping_sub(1))).collect();
        let output = Command::new("addr2line").args(["-s", "-e", &self.path]).args(&addresses).output();
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        text.lines().map(|line| line.split(" (").next().unwrap_or(line).to_string()).collect()
    }

    pub fn print_events(&self, shared: &Shared) {
        let events = shared.events();
        let places = self.places(&events);
        for (event, place) in events.iter().zip(places) {
            println!("  thread {}  {place:24} {event}", event.thread);
        }
    }
}
