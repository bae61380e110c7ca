/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments of a 32-bit kernel: types, limits, privilege, gates (SDM 3A 3.4.5, 5.3 to 5.8). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "segments";

/* Access bytes; in the upper nibble of the flags: 8 is 4 KiB units, 4 is 32 bits. */
enum { DATA = 0x93, READ_ONLY = 0x91, DOWN = 0x97, CODE = 0x9b, EXECUTE = 0x99, LDT = 0x82 };
enum { FREE = SPARE, FREE2 = SPARE + 8, FREE3 = SPARE + 16 };

static uint8_t area[8192] __attribute__((aligned(4096)));
static uint64_t ldt[4] __attribute__((aligned(8)));

static uint64_t descriptor(word base, uint32_t limit, uint8_t access, uint8_t flags)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
	       (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 |
	       (uint64_t)(base >> 24) << 56;
}

static void load_fs(word selector)
{
	TRY("mov %0, %%fs", ::"r"(selector));
}

static void fs(uint32_t limit, uint8_t access, uint8_t flags)
{
	gdt[FREE / 8] = descriptor((word)area, limit, access, flags);
	load_fs(FREE);
}

static void read1(word at)
{
	TRY("movb %%fs:(%0), %%al", ::"r"(at) : "eax");
}

static void read4(word at)
{
	TRY("movl %%fs:(%0), %%eax", ::"r"(at) : "eax");
}

static void write1(word at)
{
	TRY("movb $1, %%fs:(%0)", ::"r"(at) : "memory");
}

static void limits(void)
{
	fs(0xff, DATA, 4);
	read1(0xff);
	expect("the last byte of a segment", NONE, 0);
	read1(0x100);
	expect("#GP of a read behind the limit", GP, 0);
	write1(0x100);
	expect("#GP of a write behind the limit", GP, 0);
	read4(0xfc);
	expect("the last word of a segment", NONE, 0);
	read4(0xfd);
	expect("#GP of a word that ends behind the limit", GP, 0);
	read4(0xffffffff);
	expect("#GP of a word at the end of the offsets", GP, 0);
	fs(0, DATA, 0xc);
	read1(0xfff);
	expect("a limit in units of 4 KiB", NONE, 0);
	read1(0x1000);
	expect("#GP behind such a limit", GP, 0);
	fs(0xfff, DOWN, 4);
	read1(0x1000);
	expect("expand-down: above the limit", NONE, 0);
	read1(0xfff);
	expect("#GP of expand-down: at the limit", GP, 0);
	fs(0xfff, DOWN, 0);
	read1(0xffff);
	expect("expand-down, 16 bits: the last byte", NONE, 0);
	read1(0x10000);
	expect("#GP of expand-down, 16 bits: above 64 KiB", GP, 0);
	gdt[FREE / 8] = descriptor(0, 0x1fff, DATA, 0xc); /* 32 MiB, for SS */
	TRY("mov %0, %%ss; movl (%%esp, %1), %%eax", ::"r"(FREE), "r"(0x2000000) : "eax");
	__asm__ volatile("mov %0, %%ss" ::"r"(KDS));
	expect_any("#SS of a read behind the stack's limit", SS, 0);
}

static void types(void)
{
	fs(0xfff, READ_ONLY, 4);
	read1(0);
	expect("a read of a read-only segment", NONE, 0);
	write1(0);
	expect("#GP of a write to a read-only segment", GP, 0);
	fs(0xfff, CODE, 4);
	read1(0);
	expect("a read of a code segment", NONE, 0);
	write1(0);
	expect("#GP of a write to a code segment", GP, 0);
	fs(0xfff, EXECUTE, 4);
	expect("#GP of FS with a code segment that cannot be read", GP, FREE);
	load_fs(0);
	expect("a null selector", NONE, 0);
	read1(0);
	expect("#GP of a read by a null selector", GP, 0);
	fs(0xfff, DATA & 0x7f, 4);
	expect("#NP of FS, not present", NP, FREE);
	fs(0xfff, LDT, 4);
	expect("#GP of FS with an LDT's descriptor", GP, FREE);
	load_fs(sizeof(gdt));
	expect("#GP of FS behind the GDT", GP, sizeof(gdt));
	gdt[FREE / 8] = descriptor(0, 0xfffff, DATA & ~1u, 0xc);
	load_fs(FREE);
	check("a descriptor becomes accessed", gdt[FREE / 8] >> 40 & 0xff, DATA);
	load_fs(FREE + 3);
	expect("#GP of FS with RPL 3 and DPL 0", GP, FREE);
	TRY("mov %0, %%ss", ::"r"(0));
	expect("#GP of SS with null", GP, 0);
	TRY("mov %0, %%ss", ::"r"(UDS));
	expect("#GP of SS with DPL 3", GP, UDS & ~3);
	gdt[FREE / 8] = descriptor(0, 0xfffff, READ_ONLY, 0xc);
	TRY("mov %0, %%ss", ::"r"(FREE));
	expect("#GP of SS with a read-only segment", GP, FREE);
	gdt[FREE / 8] = descriptor(0, 0xfffff, DATA & 0x7f, 0xc);
	TRY("mov %0, %%ss", ::"r"(FREE));
	expect("#SS of SS, not present", SS, FREE);
}

static void local(void)
{
	ldt[1] = descriptor((word)area, 0xff, DATA, 4);
	gdt[FREE2 / 8] = descriptor((word)ldt, sizeof(ldt) - 1, LDT, 0);
	TRY("lldt %w0", ::"r"(FREE2));
	expect("LLDT", NONE, 0);
	load_fs(0xc);
	expect("a selector of the LDT", NONE, 0);
	read1(0x100);
	expect("#GP behind its limit", GP, 0);
	load_fs(0x24);
	expect("#GP of FS behind the LDT", GP, 0x24);
	ldt[1] &= ~(1ull << 47);
	load_fs(0xc);
	expect("#NP of FS in the LDT, not present", NP, 0xc);
	TRY("lldt %w0", ::"r"(KDS));
	expect("#GP of LLDT with data", GP, KDS);
	gdt[FREE2 / 8] &= ~(1ull << 47);
	TRY("lldt %w0", ::"r"(FREE2));
	expect("#NP of LLDT, not present", NP, FREE2);
	__asm__ volatile("mov %0, %%fs; lldt %w0" ::"r"(0));
}

/* What the instructions that only ask say (SDM 3A 5.10). */
static void questions(void)
{
	word value = 0;
	bool zf;

	gdt[FREE / 8] = descriptor(0, 0x12345, DATA, 0xc);
	__asm__ volatile("lsl %2, %0" : "=r"(value), "=@ccz"(zf) : "r"((word)FREE));
	check("LSL: the limit in bytes", zf ? value : 0, 0x12345fff);
	__asm__ volatile("lar %2, %0" : "=r"(value), "=@ccz"(zf) : "r"((word)FREE));
	check("LAR: the rights", zf ? value & 0xf0ff00 : 0, 0xc09300);
	__asm__ volatile("lar %2, %0" : "+r"(value), "=@ccz"(zf) : "r"((word)0));
	check("LAR of null", zf, 0);
	__asm__ volatile("verr %w1" : "=@ccz"(zf) : "r"(FREE));
	check("VERR of data", zf, 1);
	__asm__ volatile("verw %w1" : "=@ccz"(zf) : "r"(FREE));
	check("VERW of data", zf, 1);
	__asm__ volatile("verw %w1" : "=@ccz"(zf) : "r"(KCS));
	check("VERW of code", zf, 0);
	__asm__ volatile("verr %w1" : "=@ccz"(zf) : "r"(FREE + 3));
	check("VERR with RPL 3 and DPL 0", zf, 0);
	value = FREE;
	__asm__ volatile("arpl %w2, %w0" : "+r"(value), "=@ccz"(zf) : "r"(3));
	check("ARPL", zf ? value : 0, FREE + 3);
}

static void far_transfers(void)
{
	TRY("ljmp $0, $1f; 1:", ::: "memory");
	expect_any("#GP of a far jump to null", GP, 0);
	TRY("ljmp $0x10, $1f; 1:", ::: "memory");
	expect_any("#GP of a far jump to data", GP, KDS);
	gdt[FREE / 8] = descriptor(0, 0xfffff, CODE & 0x7f, 0xc);
	TRY("ljmp $0x48, $1f; 1:", ::: "memory");
	expect_any("#NP of a far jump to code, not present", NP, FREE);
	gdt[FREE / 8] = descriptor(0, 0xfffff, CODE | 0x60, 0xc);
	TRY("ljmp $0x48, $1f; 1:", ::: "memory");
	expect_any("#GP of a far jump to code of DPL 3", GP, FREE);
	gdt[FREE / 8] = descriptor(0, 0xff, CODE, 4);
	TRY("ljmp $0x48, $0x100", ::: "memory");
	expect_any("#GP of a far jump behind the limit", GP, 0);
	/* Two NOPs are within the limit, and UD2 is behind it. */
	area[0] = 0x90, area[1] = 0x90, area[2] = 0x0f, area[3] = 0x0b;
	gdt[FREE / 8] = descriptor((word)area, 1, CODE, 4);
	TRY("ljmp $0x48, $0", ::: "memory");
	expect_any("#GP of running into the limit", GP, 0);
	check("at the limit", trap.ip, 2);
	check("in that segment", trap.cs, FREE);
	TRY("push %0; push $0; push $0; iret", ::"r"(2));
	expect_any("#GP of IRET to null", GP, 0);
}

USER_DATA static word gate_pointer[2];

USER static word call_gate(word x)
{
	__asm__ volatile("push %1; lcall *%2"
			 : "=a"(x)
			 : "r"(x), "m"(gate_pointer[0])
			 : "ecx", "edx", "memory");
	return x;
}

USER static word run_into(word x)
{
	__asm__ volatile("add %0, %0; into" : "+r"(x));
	return x;
}

USER static word run_bound(word x)
{
	word range[2] = {1, 5};

	__asm__ volatile("bound %0, %1" ::"r"(x), "m"(range));
	return x;
}

USER static word run_load(word x)
{
	__asm__ volatile("mov %0, %%fs" ::"r"(x));
	return x;
}

/* The parameter, copied to the inner stack, and CS. */
__attribute__((naked, used)) static void gate_target(void)
{
	__asm__ volatile("movl 8(%esp), %eax; movw %cs, %cx; movzwl %cx, %ecx; "
			 "shl $16, %ecx; or %ecx, %eax; lret $4");
}

static void gates(void)
{
	word at = (word)gate_target;

	gate_pointer[1] = FREE + 3;
	gdt[FREE / 8] = (at & 0xffff) | (uint64_t)KCS << 16 | 1ull << 32 | 0xecull << 40 |
			(uint64_t)(at >> 16) << 48;
	check("a call gate from CPL 3, with a parameter", user(call_gate, 0x55, 0),
	      KCS << 16 | 0x55);
	expect_any("and back", NONE, 0);
	gdt[FREE / 8] &= ~(0x60ull << 40);
	user(call_gate, 0, 0);
	expect_any("#GP of a call gate of DPL 0 from CPL 3", GP, FREE);
	gdt[FREE / 8] = (gdt[FREE / 8] | 0x60ull << 40) & ~(0x80ull << 40);
	user(call_gate, 0, 0);
	expect_any("#NP of a call gate, not present", NP, FREE);
	user(run_into, 0x40000000, 0);
	expect_any("#OF of INTO", OF, 0);
	user(run_into, 1, 0);
	expect_any("no #OF without an overflow", NONE, 0);
	user(run_bound, 6, 0);
	expect_any("#BR of BOUND", BR, 0);
	user(run_bound, 5, 0);
	expect_any("no #BR within the bounds", NONE, 0);
	user(run_load, KDS, 0);
	expect_any("#GP of FS with DPL 0 at CPL 3", GP, KDS);
	TRY("int $0xff", ::: "memory");
	expect_trap("INT n through a gate", 0xff);
	idt[0xff].type = 0x0e;
	TRY("int $0xff", ::: "memory");
	expect("#NP of INT n, its gate not present", NP, 0xff * 8 + 2);
	idt[0xff].type = 0x8e;
}

/* ---- SYSENTER and SYSEXIT, on AMD's processors of this mode alone (SDM 3A 5.8.7; APM 2 6.1) ----
 */

#define SYSENTER_CS 0x174u

word entry_cs, entry_ss, entry_sp, entry_flags;
USER_DATA word user_back, user_stack;
extern char sysenter_entry[], int_stack_top[];

__asm__(".text\nsysenter_entry: mov %esp, entry_sp; pushf; popl entry_flags; movl %cs, %eax\n"
	"mov %eax, entry_cs; movl %ss, %eax; mov %eax, entry_ss\n"
	"mov user_back, %edx; mov user_stack, %ecx; sysexit");

USER static word run_sysenter(word x)
{
	word cs, ss;

	(void)x;
	__asm__ volatile("mov %%esp, user_stack; movl $1f, user_back; sysenter; 1: mov %%cs, %0; "
			 "mov %%ss, %1"
			 : "=r"(cs), "=r"(ss)
			 :
			 : "eax", "ecx", "edx", "memory");
	return cs << 16 | ss;
}

static void fast_calls(void)
{
	word back;

	wrmsr(SYSENTER_CS, 0);
	wrmsr(SYSENTER_CS + 1, (word)int_stack_top);
	wrmsr(SYSENTER_CS + 2, (word)sysenter_entry);
	user(run_sysenter, 0, 0);
	expect_any("#GP of SYSENTER with a null selector", GP, 0);
	wrmsr(SYSENTER_CS, KCS);
	back = user(run_sysenter, 0, 0x200);
	expect_any("SYSENTER and SYSEXIT", NONE, 0);
	check("CS and SS behind SYSEXIT", back, UCS32 << 16 | UDS);
	check("CS and SS of the entry", entry_cs << 16 | entry_ss, KCS << 16 | KDS);
	check("ESP of the entry", entry_sp, (word)int_stack_top);
	check("IF is clear", entry_flags & 0x200, 0);
	check("the MSRs read back", rdmsr(SYSENTER_CS + 2), (word)sysenter_entry);
}

void conform_main(void)
{
	limits();
	types();
	local();
	questions();
	far_transfers();
	gates();
	fast_calls();
}
