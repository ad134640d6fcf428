# SPDX-License-Identifier: GPL-2.0
#
# mce-driver: poison a line of the guest's memory, and raise a machine check for whoever reads it.
#
# Runs in gdb, next to a QEMU that was started with -S and a gdbstub at the socket that the variable gdbstub names (lab/host/run
# with DRIVER set). gdb knows the symbols of the kernel, and those and the types of lab/guest/mce.c, the guest's side, whose label
# driver_call is where the driver is told what to do (lab/guest/mce.h).
#
# A poisoned line is watched for reads at both of its virtual addresses. QEMU stops behind the instruction that has read it;
# for REP MOVS, behind one of its iterations. The instruction or the iteration is taken back, and a machine check is pending
# when the CPU goes on: nobody has used what was read. That the CPU does enter the handler there and then is verified each
# time.
#
# Prints a line per event. Ends with 0 when the guest is gone, or with 1 and the reason.

import re
import time

import gdb

LINE_SIZE = 64
CONNECT_SECONDS = 10
# gdb asks several times, and then gives up.
ANSWER_SECONDS = 5

# LMCES | MCIP | EIPV | RIPV: for this CPU alone, which can be restarted.
MCG_STATUS = 0xf
# A physical address, and its line.
MCI_MISC = 0x86
MCI_BANK = 9


class Row:
    """What is poisoned, and what came of it."""
    watches = []
    mces = 0
    where = []


class Watch(gdb.Breakpoint):
    """Stops whoever reads, or accesses, the line at addr. The register is the pointer that REP MOVS does that with.

    gdb passes over a read if the line has changed since the last stop, and over a write that changes nothing.
    """

    def __init__(self, addr, kind, pointer):
        super().__init__("*(char (*)[%d]) %#x" % (LINE_SIZE, addr), gdb.BP_WATCHPOINT, kind, internal=True)
        self.addr = addr
        self.pointer = pointer


row = Row()
stops = []
# The machine check that has been injected and not been taken yet: its CPU, its address, and the breakpoint that it will hit.
injected = None


def fail(text, *args):
    raise gdb.error(text % args)


def say(text, *args):
    print(text % args, flush=True)


def evaluate(expression):
    return int(gdb.parse_and_eval("(unsigned long) (%s)" % expression))


def set_register(name, value):
    gdb.execute("set $%s = %#x" % (name, value))


def break_at(label):
    return gdb.Breakpoint("*" + label, gdb.BP_HARDWARE_BREAKPOINT, internal=True)


def monitor(command, *args):
    return gdb.execute("monitor " + command % args, to_string=True)


def cpu():
    return gdb.selected_thread().ptid[1] - 1


def symbol(addr):
    """The function that addr is in, and how far behind its beginning."""
    match = re.match(r"(\S+)(?: \+ (\d+))? in section", gdb.execute("info symbol %#x" % addr, to_string=True))
    if not match:
        fail("no function at %#x", addr)
    return match[1], int(match[2] or 0)


def translate(addr):
    """The guest's physical address, with the page tables of this CPU; 0 if there is none."""
    monitor("cpu %d", cpu())
    match = re.match(r"gpa: (\w+)", monitor("gva2gpa %#x", addr))
    return int(match[1], 16) if match else 0


def watch(addr, kind=gdb.WP_READ, pointer="rsi"):
    row.watches.append(Watch(addr, kind, pointer))


def unwatch():
    while row.watches:
        row.watches.pop().delete()


def watch_poison():
    unwatch()
    watch(row.direct)
    watch(row.user)


def rep_movs_width(insn):
    """Bytes per iteration of a REP MOVS, or 0 if it is something else."""
    match = re.match(r"rep movs([bq]) ", insn["asm"])
    return {"b": 1, "q": 8}[match[1]] if match else 0


def take_back(access):
    """Puts the CPU that has just touched the line back to before that. Returns the address of the instruction."""
    rip = evaluate("$rip")
    start = rip - 1 - symbol(rip - 1)[1]
    insns = gdb.selected_frame().architecture().disassemble(start, rip)
    if len(insns) < 2 or insns[-1]["addr"] != rip:
        fail("%s+%#x is not where an instruction begins", *symbol(rip))
    insn = insns[-1]
    width = rep_movs_width(insn)
    # REP MOVS that has more to do, or has not begun, or has just ended?
    if not width or not 0 <= evaluate("$" + access.pointer) - width - access.addr < LINE_SIZE:
        insn = insns[-2]
        width = rep_movs_width(insn)
    if width:
        set_register("rsi", evaluate("$rsi") - width)
        set_register("rdi", evaluate("$rdi") - width)
        set_register("rcx", evaluate("$rcx") + 1)
    set_register("rip", insn["addr"])
    return insn["addr"]


def inject(access, phys):
    global injected

    rip = take_back(access)
    function, offset = symbol(rip)
    row.mces += 1
    # Each function once, in order of appearance.
    if function not in row.where:
        row.where.append(function)
    say("machine check %d: CPU %d in %s+%#x, rsi=%x rdi=%x rcx=%x, for %#x", row.mces, cpu(), function, offset,
        evaluate("$rsi"), evaluate("$rdi"), evaluate("$rcx"), phys)
    output = monitor("mce %d %d %#x %#x %#x %#x", cpu(), MCI_BANK, row.mci_status, MCG_STATUS, phys, MCI_MISC)
    if output:
        fail("QEMU does not inject: %s", output)
    injected = cpu(), rip, break_at("asm_exc_machine_check")


def verify_entry():
    """The handler has been entered: from where the machine check was raised, or something has run in between."""
    global injected

    on, rip, handler = injected
    if cpu() != on:
        fail("a machine check on CPU %d that was not injected", cpu())
    taken = evaluate("*(unsigned long *) $rsp")
    if taken != rip:
        fail("the machine check was raised at %#x and taken at %#x", rip, taken)
    handler.delete()
    injected = None


def arm():
    row.mces = 0
    row.where = []
    row.direct = evaluate("$rsi")
    row.user = evaluate("$rdx")
    row.mode = str(gdb.parse_and_eval("(enum poison) $rcx"))
    row.mci_status = evaluate("$r8")
    # User space need not see the direct map: handle_access() verifies that one.
    row.phys = translate(row.user)
    say("poison: %s, line %#x, in the direct map at %#x, in user space at %#x", row.mode, row.phys, row.direct, row.user)
    if not row.phys or row.phys % LINE_SIZE:
        fail("this is not a line of memory")
    if row.mode == "POISON_EARLY":
        watch(row.direct - evaluate("POISON_LEAD"))
    elif row.mode == "POISON_DESTINATION":
        watch(row.direct)
    else:
        watch_poison()
    return 0


def report():
    text = "mces=%d in=%s" % (row.mces, ",".join(row.where) or "-")
    gdb.selected_inferior().write_memory(evaluate("$rsi"), text + "\0")
    return row.mces


def answer_call():
    """The guest calls, with a NOP."""
    call = str(gdb.parse_and_eval("(enum call) $rdi"))
    answer = 0
    if call == "CALL_ARM":
        answer = arm()
    elif call == "CALL_DISARM":
        unwatch()
    elif call == "CALL_REPORT":
        answer = report()
    else:
        fail("the guest wants something unknown: %s", call)
    set_register("rax", answer)
    set_register("rip", evaluate("$rip") + 1)


def handle_access(access):
    phys = translate(access.addr)
    is_source = phys == row.phys
    # The same address of another process, or another page there.
    if access.addr == row.user and not is_source:
        say("%#x is now at %#x: not poisoned", access.addr, phys)
    elif row.mode == "POISON_EARLY":
        inject(access, row.phys)
        watch_poison()
        row.mode = "POISON_STICKY"
    elif access.pointer == "rdi":
        inject(access, phys)
        unwatch()
    elif not is_source:
        fail("%#x is at %#x and should be at %#x", access.addr, phys, row.phys)
    elif row.mode == "POISON_DESTINATION":
        # From here on it is known where the copy goes to: the next line there.
        unwatch()
        watch((evaluate("$rdi") & -LINE_SIZE) + LINE_SIZE, gdb.WP_ACCESS, "rdi")
    else:
        inject(access, row.phys)
        if row.mode == "POISON_ONCE":
            unwatch()


def resume():
    """Lets the guest run until it stops. Returns False if QEMU is gone."""
    stops.clear()
    try:
        gdb.execute("continue", to_string=True)
    except gdb.error:
        if gdb.selected_inferior().pid:
            raise
    return gdb.selected_inferior().pid != 0


def connect():
    end = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            gdb.execute("target remote " + gdbstub, to_string=True)  # noqa: F821, lab/host/run sets it
            return
        except gdb.error:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def drive():
    gdb.execute("set suppress-cli-notifications on")
    gdb.execute("set print inferior-events off")
    gdb.execute("set confirm off")
    gdb.execute("set remotetimeout %d" % ANSWER_SECONDS)
    gdb.execute("add-symbol-file build/lab/bin/mce", to_string=True)
    gdb.events.stop.connect(stops.append)
    connect()
    call = break_at("driver_call")
    while resume():
        hit = getattr(stops[-1], "breakpoint", None)
        if isinstance(hit, Watch):
            handle_access(hit)
        elif injected and hit == injected[2]:
            verify_entry()
        elif hit == call:
            answer_call()
        else:
            fail("CPU %d stopped at %#x", cpu(), evaluate("$rip"))
    if injected:
        fail("the guest ended before it took the machine check")
    say("the guest is gone")


try:
    drive()
# gdb would end with 0 behind any other exception, too.
except Exception as error:
    say("error: %s", error)
    gdb.execute("quit 1")
