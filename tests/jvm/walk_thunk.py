# Runs inside gdb: the first call of Target.stopHere shows which thunk it has; the second is stepped through, instruction
# by instruction, and at each one the frame above the thunk must be the JVM's code that called it.
import gdb

gdb.execute("set pagination off")
gdb.execute("set breakpoint pending on")
# The JVM's own business.
gdb.execute("handle SIGSEGV SIGBUS SIGPIPE SIGXFSZ nostop noprint pass")


def fail(text):
    gdb.execute("bt 8")
    print("FAILED: " + text)
    gdb.execute("kill")
    gdb.execute("quit 1")


def register(name):
    return int(gdb.parse_and_eval("$" + name)) & 0xFFFFFFFFFFFFFFFF


gdb.Breakpoint("mgtarget_stop_here")
gdb.execute("run")
names = []
frame = gdb.newest_frame()
while frame is not None and len(names) < 4:
    names.append(frame.name())
    frame = frame.older()
print(names)
if names[0] != "mgtarget_stop_here" or names[2] != "mg_thunk_common" or names[3] is not None:
    fail("the backtrace reads otherwise")

# The thunk that was called is told by its frame: %rbp - 152 holds its entry in mg_thunks, of 32 bytes each.
pool = int(gdb.parse_and_eval("(long)&mg_thunk_pool"))
table = int(gdb.parse_and_eval("(long)&mg_thunks"))
common = int(gdb.parse_and_eval("(long)&mg_thunk_common"))
gdb.execute("frame 2", to_string=True)
index = (int(gdb.parse_and_eval("*(long *)($rbp - 152)")) - table) // 32
for instruction in gdb.selected_frame().architecture().disassemble(common, common + 0x400):
    end = instruction["addr"]
    if gdb.execute("info symbol %d" % end, to_string=True).split()[0] != "mg_thunk_common":
        break
gdb.execute("delete")
gdb.execute("frame 0")
gdb.Breakpoint("*%d" % (pool + 16 * index))
gdb.execute("continue")
caller, stack = int(gdb.parse_and_eval("*(long *)$rsp")) & 0xFFFFFFFFFFFFFFFF, register("rsp") + 8
base = register("rbp")
gdb.execute("set scheduler-locking step")
steps = 0
while pool <= register("pc") < end:
    older = gdb.newest_frame().older()
    if older is None or older.pc() != caller:
        fail("no way up from %#x" % register("pc"))
    if int(older.read_register("rsp")) != stack or int(older.read_register("rbp")) != base:
        fail("registers of the caller are wrong at %#x" % register("pc"))
    steps += 1
    gdb.execute("nexti", to_string=True)
if register("pc") != caller or register("rsp") != stack or register("rbp") != base:
    fail("the thunk came back elsewhere")
gdb.execute("delete")
print("the walk is right at %d instructions" % steps)
gdb.execute("set scheduler-locking off")
gdb.execute("continue")
