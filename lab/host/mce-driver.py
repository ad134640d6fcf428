# SPDX-License-Identifier: GPL-2.0
#
# mce-driver: poison a line of the guest's memory, and raise a machine check for each read of it.
#
# The script runs in gdb, next to a QEMU that lab/host/run has started with -S and a gdbstub. The variable gdbstub names
# its socket. gdb knows the symbols of the kernel, and the symbols and types of lab/guest/mce.c, the guest's side. The
# guest calls the driver at the label driver_call (lab/guest/mce.h).
#
# Watchpoints detect reads of a poisoned line at both of its virtual addresses. QEMU stops behind the instruction that
# reads; for REP MOVS, behind one iteration. The driver takes the instruction or iteration back, so that the data read
# is not used, and makes a machine check pending for the moment the CPU resumes. Each time the driver verifies that the
# CPU enters the handler before anything else.
#
# Prints a line per event. Ends with 0 when QEMU has ended, or with 1 and the reason.

import os
import re
import time

import gdb

LINE_SIZE = 64
CONNECT_SECONDS = 10
# The time that gdb waits for each answer. It asks several times before it gives up.
ANSWER_SECONDS = 5

# LMCES | MCIP | EIPV | RIPV: the machine check is for this CPU alone, and the CPU can be restarted.
MCG_STATUS = 0xf
# The address is physical, and valid down to a line of 64 bytes.
MCI_MISC = 0x86
MCI_BANK = 9


class Row:
    """The poison of a row, and its machine checks so far."""
    watches = []
    mces = 0
    where = []


class Watch(gdb.Breakpoint):
    """Stops the CPU at a read of, or access to, the line at addr. pointer: the register that REP MOVS uses for it.

    gdb ignores a read if the line has changed since the last stop, and a write that changes nothing.
    """

    def __init__(self, addr, kind, pointer):
        super().__init__("*(char (*)[%d]) %#x" % (LINE_SIZE, addr), gdb.BP_WATCHPOINT, kind, internal=True)
        self.addr = addr
        self.pointer = pointer


row = Row()
stops = []
# A machine check that was injected and not taken yet: its CPU, the address of the instruction, and the breakpoint that
# it will hit.
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
    """Returns the function that addr is in, and the offset in it."""
    match = re.match(r"(\S+)(?: \+ (\d+))? in section", gdb.execute("info symbol %#x" % addr, to_string=True))
    if not match:
        fail("no function at %#x", addr)
    return match[1], int(match[2] or 0)


def translate(addr):
    """Returns the guest's physical address by the page tables of this CPU, or 0 if addr is not mapped."""
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
    """Returns the bytes per iteration of a REP MOVS, or 0 for any other instruction."""
    match = re.match(r"rep movs([bq]) ", insn["asm"])
    return {"b": 1, "q": 8}[match[1]] if match else 0


def take_back(access):
    """Sets the CPU back to before its access to the line. Returns the address of the instruction that accessed it."""
    rip = evaluate("$rip")
    start = rip - 1 - symbol(rip - 1)[1]
    insns = gdb.selected_frame().architecture().disassemble(start, rip)
    if len(insns) < 2 or insns[-1]["addr"] != rip:
        fail("no instruction begins at %s+%#x, where the CPU has stopped", *symbol(rip))
    insn = insns[-1]
    width = rep_movs_width(insn)
    # A REP MOVS with iterations left is still the instruction at rip, and its pointer has just passed a part of the
    # line. Otherwise the instruction before rip made the access, or was the last iteration.
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
    # List each function once, in order of appearance.
    if function not in row.where:
        row.where.append(function)
    say("machine check %d: CPU %d in %s+%#x, rsi=%x rdi=%x rcx=%x, for %#x", row.mces, cpu(), function, offset,
        evaluate("$rsi"), evaluate("$rdi"), evaluate("$rcx"), phys)
    output = monitor("mce %d %d %#x %#x %#x %#x", cpu(), MCI_BANK, row.mci_status, MCG_STATUS, phys, MCI_MISC)
    if output:
        fail("QEMU does not inject: %s", output)
    injected = cpu(), rip, break_at("asm_exc_machine_check")


def verify_entry():
    """Fails unless the handler was entered from the instruction at which the machine check was raised."""
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
    # The page tables of user space may lack the direct map, so only handle_access() checks that address.
    row.phys = translate(row.user)
    say("poison: %s, line %#x, in the direct map at %#x, in user space at %#x", row.mode, row.phys, row.direct,
        row.user)
    if not row.phys or row.phys % LINE_SIZE:
        fail("the poison does not start at a line of memory")
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


def add_module(text):
    """Makes gdb know the functions of folio_copy_live, which was built beside the kernel that gdb has loaded."""
    name = os.path.basename(os.path.dirname(gdb.current_progspace().filename))
    gdb.execute("add-symbol-file build/bench-module/%s/folio_copy_live.ko %#x" % (name, text), to_string=True)
    return 0


def answer_call():
    """Handles a call of the guest, and resumes the guest behind the NOP that made the call."""
    call = str(gdb.parse_and_eval("(enum call) $rdi"))
    answer = 0
    if call == "CALL_ARM":
        answer = arm()
    elif call == "CALL_DISARM":
        unwatch()
    elif call == "CALL_REPORT":
        answer = report()
    elif call == "CALL_MODULE":
        answer = add_module(evaluate("$rsi"))
    else:
        fail("the guest wants something unknown: %s", call)
    set_register("rax", answer)
    set_register("rip", evaluate("$rip") + 1)


def handle_access(access):
    phys = translate(access.addr)
    is_source = phys == row.phys
    # Another process uses the same address, or another page is mapped there now.
    if access.addr == row.user and not is_source:
        say("address %#x now maps to %#x: not poisoned", access.addr, phys)
    elif row.mode == "POISON_EARLY":
        inject(access, row.phys)
        watch_poison()
        row.mode = "POISON_STICKY"
    elif access.pointer == "rdi":
        inject(access, phys)
        unwatch()
    elif not is_source:
        fail("address %#x maps to %#x instead of %#x", access.addr, phys, row.phys)
    elif row.mode == "POISON_DESTINATION":
        # rdi now tells the destination of the copy: watch the next line of it.
        unwatch()
        watch((evaluate("$rdi") & -LINE_SIZE) + LINE_SIZE, gdb.WP_ACCESS, "rdi")
    else:
        inject(access, row.phys)
        if row.mode == "POISON_ONCE":
            unwatch()


def resume():
    """Lets the guest run until it stops. Returns False if QEMU has ended."""
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
# Catches everything: gdb would exit with 0 after an unhandled exception.
except Exception as error:
    say("error: %s", error)
    gdb.execute("quit 1")
