/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions in 64-bit mode: vector, error code and saved RIP (SDM 3A 6.13, 6.15). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "exceptions";

#define CR0_MP       2u
#define CR0_EM       4u
#define CR0_TS       8u
#define CR0_AM       0x40000u
#define NONCANONICAL 0x800000000000ull

static uint64_t buffer[4] __attribute__((aligned(16)));

static void arithmetic(void)
{
	word a = 1, d = 0;

	TRY("div %2", : "+a"(a), "+d"(d) : "r"(0ul));
	expect("#DE of a division by zero", DE, 0);
	check("#DE leaves the dividend alone", a + d, 1);
	TRY("div %2", : "+a"(a), "+d"(d) : "r"(1ul));
	expect("no #DE where the quotient fits", NONE, 0);
	a = 0, d = 1;
	TRY("div %2", : "+a"(a), "+d"(d) : "r"(1ul));
	expect("#DE of a quotient of 65 bits", DE, 0);
	a = 1ul << 63, d = ~0ul;
	TRY("idiv %2", : "+a"(a), "+d"(d) : "r"(-1l));
	expect("#DE of the least integer by -1", DE, 0);
}

static void traps(void)
{
	TRY("int3", ::: "memory");
	expect_trap("#BP of INT3 is a trap", BP);
	TRY("int $3", ::: "memory");
	expect_trap("#BP of INT 3", BP);
	TRY(".byte 0xf1", ::: "memory");
	expect_trap("#DB of INT1 is a trap", DB);
	TRY(".byte 0xce", ::: "memory");
	expect("INTO is #UD in 64-bit mode", UD, 0);
}

static void undefined(void)
{
	TRY("ud2", ::: "memory");
	expect("#UD of UD2", UD, 0);
	TRY(".byte 0x06", ::: "memory");
	expect("PUSH ES is #UD in 64-bit mode", UD, 0);
	TRY("lock; .byte 0x90", ::: "memory");
	expect("#UD of LOCK before NOP", UD, 0);
	TRY(".byte 0xf0; mov %%rax, (%0)", ::"r"(buffer) : "memory");
	expect("#UD of LOCK before MOV", UD, 0);
	TRY(".byte 0xf0, 0x0f, 0xb1, 0xc3", ::: "memory");
	expect("#UD of LOCK CMPXCHG on a register", UD, 0);
	TRY(".byte 0x8e, 0xc8", ::: "memory");
	expect("#UD of MOV to CS", UD, 0);
	TRY("mov %%cr1, %%rax", ::: "rax");
	expect("#UD of MOV from CR1", UD, 0);
	TRY("vmcall", ::: "memory");
	expect("#UD of VMCALL", UD, 0);
	TRY("vmmcall", ::: "memory");
	expect("#UD of VMMCALL", UD, 0);
	TRY("vmxon (%0)", ::"r"(buffer) : "memory");
	expect("#UD of VMXON", UD, 0);
	TRY("vmrun", ::"a"(buffer) : "memory");
	expect("#UD of VMRUN", UD, 0);
	TRY("monitor", ::"a"(buffer), "c"(0), "d"(0));
	expect("#UD of MONITOR, which CPUID does not name", cpuid(1, 0).ecx & 8 ? NONE : UD, 0);
	TRY("xgetbv", ::"c"(0) : "rax", "rdx");
	expect("#UD of XGETBV without CR4.OSXSAVE", UD, 0);
	TRY(".fill 14, 1, 0x66; nop", ::: "memory");
	expect("no exception of 15 bytes", NONE, 0);
	TRY(".fill 15, 1, 0x66; nop", ::: "memory");
	expect("#GP of 16 bytes", GP, 0);
}

/* SDM 3A 2.5, table 2-2. */
static void no_fpu(void)
{
	word cr0 = read_cr0() & ~(word)(CR0_MP | CR0_EM | CR0_TS), cr4 = read_cr4();

	write_cr0(cr0 | CR0_TS);
	TRY("fnop", ::: "memory");
	expect("#NM of x87 with CR0.TS", NM, 0);
	TRY("fwait", ::: "memory");
	expect("no #NM of FWAIT with CR0.TS alone", NONE, 0);
	write_cr0(cr0 | CR0_TS | CR0_MP);
	TRY("fwait", ::: "memory");
	expect("#NM of FWAIT with CR0.TS and MP", NM, 0);
	TRY("clts; fnop", ::: "memory");
	expect("no #NM after CLTS", NONE, 0);
	write_cr0(cr0 | CR0_EM);
	TRY("fnop", ::: "memory");
	expect("#NM of x87 with CR0.EM", NM, 0);
	write_cr0(cr0);
	TRY("xorps %%xmm0, %%xmm0", ::: "memory");
	expect("#UD of SSE without CR4.OSFXSR", UD, 0);
	write_cr4(cr4 | 0x200);
	TRY("xorps %%xmm0, %%xmm0", ::: "memory");
	expect("no #UD of SSE with CR4.OSFXSR", NONE, 0);
	write_cr0(cr0 | CR0_TS);
	TRY("xorps %%xmm0, %%xmm0", ::: "memory");
	expect("#NM of SSE with CR0.TS", NM, 0);
	write_cr0(cr0 | CR0_EM);
	TRY("xorps %%xmm0, %%xmm0", ::: "memory");
	expect("#UD of SSE with CR0.EM", UD, 0);
	write_cr0(cr0);
	TRY("movaps (%0), %%xmm0", ::"r"((char *)buffer + 8) : "memory");
	expect("#GP of MOVAPS, misaligned", GP, 0);
	write_cr4(cr4);
}

static void numeric(void)
{
	static const uint16_t unmasked = 0x37b; /* ZE */
	static const uint32_t mxcsr[2] = {0x1f80, 0x1d80};
	static const uint32_t one = 0x3f800000;
	word cr4 = read_cr4();

	__asm__ volatile("fninit; fldcw %0" ::"m"(unmasked));
	TRY("fld1; fldz; fdivrp", ::: "memory");
	expect_any("no #MF before the next waiting instruction", NONE, 0);
	TRY("fwait", ::: "memory");
	expect("#MF of a division by zero, at FWAIT", MF, 0);
	__asm__ volatile("fninit");
	write_cr4(cr4 | 0x200);
	__asm__ volatile("ldmxcsr %0; movss %1, %%xmm0; xorps %%xmm1, %%xmm1" ::"m"(mxcsr[1]),
			 "m"(one));
	TRY("divss %%xmm1, %%xmm0", ::: "memory");
	expect("#UD of a SIMD exception without CR4.OSXMMEXCPT", UD, 0);
	write_cr4(cr4 | 0x600);
	__asm__ volatile("ldmxcsr %0; movss %1, %%xmm0" ::"m"(mxcsr[1]), "m"(one));
	TRY("divss %%xmm1, %%xmm0", ::: "memory");
	expect("#XM of a division by zero", XM, 0);
	TRY("ldmxcsr %0", ::"m"((const uint32_t){0x10000}));
	expect("#GP of a reserved bit of MXCSR", GP, 0);
	__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr[0]));
	write_cr4(cr4);
}

static void canonical(void)
{
	word ax;

	TRY("mov (%1), %0", : "=a"(ax) : "r"(NONCANONICAL));
	expect("#GP of an address that is not canonical", GP, 0);
	TRY("mov (%%rsp, %1), %0", : "=a"(ax) : "r"(NONCANONICAL));
	expect("#SS of an address by RSP that is not canonical", SS, 0);
	TRY("jmp *%0", ::"r"(NONCANONICAL));
	expect_any("#GP of a jump to where it is not canonical", GP, 0);
	TRY("invlpg (%0)", ::"r"(NONCANONICAL));
	expect("INVLPG takes any address", NONE, 0);
	try_wrmsr(0xc0000100, NONCANONICAL);
	expect("#GP of FS.base, not canonical", GP, 0);
}

static void selectors(void)
{
	/* 48: data, not present; 50: a gate's type in place of data; 58: data of DPL 0; 60: stack,
	 * not present */
	gdt[SPARE / 8] = 0x00cf13000000ffff;
	gdt[SPARE / 8 + 1] = 0x00008e0000080000;
	TRY("mov %0, %%ds", ::"r"(SPARE));
	expect("#NP of DS, not present", NP, SPARE);
	TRY("mov %0, %%ss", ::"r"(SPARE));
	expect("#SS of SS, not present", SS, SPARE);
	TRY("mov %0, %%ds", ::"r"(SPARE + 8));
	expect("#GP of DS with a system descriptor", GP, SPARE + 8);
	TRY("mov %0, %%ds", ::"r"(0xfff8));
	expect("#GP of DS behind the GDT", GP, 0xfff8);
	__asm__ volatile("lldt %w0" ::"r"(0));
	TRY("mov %0, %%ds", ::"r"(0x14));
	expect("#GP of DS in the LDT that is not there", GP, 0x14);
	TRY("mov %0, %%ss", ::"r"(KCS));
	expect("#GP of SS with a code segment", GP, KCS);
	TRY("mov %0, %%ss", ::"r"(UDS));
	expect("#GP of SS with DPL 3", GP, UDS & ~3);
	TRY("push %0; push $0; lretq", ::"r"(0ul));
	expect_any("#GP of a far return to a null selector", GP, 0);
	TRY("push %0; push $0; lretq", ::"r"((word)KDS));
	expect_any("#GP of a far return to data", GP, KDS);
	TRY("ltr %w0", ::"r"(TSS));
	expect("#GP of LTR with a busy TSS", GP, TSS);
	TRY("lldt %w0", ::"r"(KDS));
	expect("#GP of LLDT with data", GP, KDS);
}

USER static word run_int41(word x)
{
	__asm__ volatile("int $0x41");
	return x;
}

USER static word run_int3(word x)
{
	__asm__ volatile("int3");
	return x;
}

USER static word run_hlt(word x)
{
	__asm__ volatile("hlt");
	return x;
}

USER static word run_cli(word x)
{
	__asm__ volatile("cli");
	return x;
}

USER static word run_in(word x)
{
	__asm__ volatile("inb $0x21, %%al" ::: "rax");
	return x;
}

USER static word run_read(word x)
{
	return *(volatile word *)x;
}

USER static word run_cr0(word x)
{
	__asm__ volatile("mov %%cr0, %0" : "=r"(x));
	return x;
}

USER static word run_int80(word x)
{
	return x + 1;
}

USER_DATA static uint64_t user_words[2];

static void privilege(void)
{
	check("user mode comes back", user(run_int80, 41, 0), 42);
	expect("by its INT", NONE, 0);
	user(run_int41, 0, 0);
	expect_any("#GP of INT through a gate of DPL 0", GP, 0x41 * 8 + 2);
	user(run_int3, 0, 0);
	expect_any("#BP at CPL 3", BP, 0);
	user(run_hlt, 0, 0);
	expect_any("#GP of HLT at CPL 3", GP, 0);
	user(run_cli, 0, 0);
	expect_any("#GP of CLI at CPL 3", GP, 0);
	user(run_cli, 0, 0x3000);
	expect_any("no #GP of CLI with IOPL 3", NONE, 0);
	user(run_in, 0, 0);
	expect_any("#GP of IN at CPL 3", GP, 0);
	user(run_in, 0, 0x3000);
	expect_any("no #GP of IN with IOPL 3", NONE, 0);
	tss.iomap[0x21 / 8] &= (uint8_t) ~(1 << (0x21 % 8));
	user(run_in, 0, 0);
	expect_any("no #GP of IN that the I/O map allows", NONE, 0);
	tss.iomap[0x21 / 8] = 0xff;
	user(run_cr0, 0, 0);
	expect_any("#GP of MOV from CR0 at CPL 3", GP, 0);
	user(run_read, (word)user_words + 1, 0x40000);
	expect_any("no #AC without CR0.AM", NONE, 0);
	write_cr0(read_cr0() | CR0_AM);
	user(run_read, (word)user_words + 1, 0);
	expect_any("no #AC without RFLAGS.AC", NONE, 0);
	user(run_read, (word)user_words + 1, 0x40000);
	expect_any("#AC of a misaligned read", AC, 0);
	user(run_read, (word)user_words, 0x40000);
	expect_any("no #AC of an aligned read", NONE, 0);
	TRY("pushfq; orl $0x40000, (%%rsp); popfq; mov 1(%0), %%rax; pushfq; andl $~0x40000, "
	    "(%%rsp); popfq",
	    ::"r"(buffer)
	    : "rax", "memory");
	expect_any("no #AC at CPL 0", NONE, 0);
	write_cr0(read_cr0() & ~(word)CR0_AM);
}

/* Faults of delivery: EXT is set unless software's INT was delivered (SDM 3A 6.13, table 6-5). */
static void delivery(void)
{
	TRY("int $0xff", ::: "memory");
	expect_trap("INT n through a gate", 0xff);
	idt[0xff].type = 0x0e;
	TRY("int $0xff", ::: "memory");
	expect("#NP of INT n, its gate not present", NP, 0xff * 8 + 2);
	idt[0xff].type = 0x82;
	TRY("int $0xff", ::: "memory");
	expect("#GP of INT n, its gate none", GP, 0xff * 8 + 2);
	idt[0xff].type = 0x8e;
	idt[0xff].selector = SPARE;
	TRY("int $0xff", ::: "memory");
	expect("#GP of INT n, its gate's selector data", GP, SPARE);
	idt[0xff].selector = KCS;
	idt[UD].type = 0x0e;
	TRY("ud2", ::: "memory");
	expect("#NP of delivering #UD", NP, UD * 8 + 3);
	idt[UD].type = 0x8e;
	idt[DB].type = 0x0e;
	TRY("pushfq; orl $0x100, (%%rsp); popfq; nop", ::: "memory");
	expect_any("#NP of delivering #DB", NP, DB * 8 + 3);
	idt[DB].type = 0x8e;
	idt[GP].type = 0x0e;
	TRY("mov %0, %%ds", ::"r"(0xfff8));
	expect_any("#DF: #NP of delivering #GP", DF, 0);
	idt[GP].type = 0x8e;
	idt[PF].type = 0x0e;
	TRY("mov (%0), %%rax", ::"r"(HOLE) : "rax");
	expect_any("#DF: #NP of delivering #PF", DF, 0);
	idt[PF].type = 0x8e;
	/* A stack that is not there: #PF of delivering #UD. */
	idt[DF].ist = 2;
	tss.ist[1] = tss.ist[0];
	idt[PF].ist = 2;
	idt[UD].ist = 3;
	tss.ist[2] = HOLE + 0x800;
	TRY("ud2", ::: "memory");
	expect("#PF of delivering #UD", PF, 2);
	check("and CR2 is where its frame would be", trap.cr2, HOLE + 0x800 - 8);
	tss.ist[2] = NONCANONICAL;
	idt[SS].ist = 2;
	TRY("ud2", ::: "memory");
	expect("#SS of delivering #UD to a stack that is not canonical", SS, 1);
	idt[PF].ist = 3;
	tss.ist[2] = HOLE + 0x800;
	idt[UD].ist = 0;
	TRY("mov (%0), %%rax", ::"r"(HOLE) : "rax");
	expect_any("#DF: #PF of delivering #PF", DF, 0);
	idt[PF].ist = idt[SS].ist = 0;
	idt[DF].ist = 1;
}

static void limit(void)
{
	struct pointer shorter = {0x80 * 16 - 1, idt_pointer.base};

	__asm__ volatile("lidt %0" ::"m"(shorter));
	TRY("int $0xfe", ::: "memory");
	__asm__ volatile("lidt %0" ::"m"(idt_pointer));
	expect("#GP of INT n behind the IDT", GP, 0xfe * 8 + 2);
}

void conform_main(void)
{
	arithmetic();
	traps();
	undefined();
	no_fpu();
	numeric();
	canonical();
	selectors();
	privilege();
	delivery();
	limit();
}
