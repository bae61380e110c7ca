/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS (SDM 3A 5.8.7, 5.8.8; APM 2 6.1). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "syscall";

#define STAR           0xc0000081u
#define LSTAR          0xc0000082u
#define CSTAR          0xc0000083u
#define FMASK          0xc0000084u
#define FS_BASE        0xc0000100u
#define GS_BASE        0xc0000101u
#define KERNEL_GS_BASE 0xc0000102u
#define SYSENTER_CS    0x174u
#define EFER_SCE       1u
#define NONCANONICAL   0x800000000000ull
#define CF             1u
#define DF_FLAG        0x400u

/* What the entry saw: RCX, R11, RFLAGS, CS, SS, RSP. */
word entry_rcx, entry_r11, entry_flags, entry_cs, entry_ss, entry_sp, entries;
/* Where SYSENTER's way back goes, which saves nothing. */
USER_DATA word user_back, user_stack;

/* Stores, and goes back the same way; SYSENTER's takes RCX and RDX for it from the user's code. */
__asm__(".text\n"
	"syscall_entry: mov %rcx, entry_rcx; mov %r11, entry_r11; mov %rsp, entry_sp\n"
	"mov $int_stack_top, %rsp; pushfq; popq entry_flags; mov %cs, entry_cs; mov %ss, entry_ss\n"
	"incl entries; mov entry_sp, %rsp; sysretq\n"
	"syscall_entry32: mov $int_stack_top, %rsp; incl entries; sysretl\n"
	"sysenter_entry: mov %rsp, entry_sp; pushfq; popq entry_flags; mov %cs, entry_cs\n"
	"mov %ss, entry_ss; incl entries; mov user_back, %rdx; mov user_stack, %rcx; sysexitq\n"
	"sysenter_end: jmp user_leave\n");
extern char syscall_entry[], syscall_entry32[], sysenter_entry[], sysenter_end[];
extern char int_stack_top[];

/* CF and DF set, and they are back afterwards; RCX is where it went on. */
USER static word run_syscall(word x)
{
	word flags, rcx;

	__asm__ volatile(
		"stc; std; syscall; 1: pushfq; popq %0; cld; lea 1b(%%rip), %%r11; sub %%r11, %%rcx"
		: "=r"(flags), "=c"(rcx)
		: "r"(x)
		: "r11", "memory");
	return (flags & (CF | DF_FLAG)) | rcx << 32;
}

USER static word run_selectors(word x)
{
	word cs, ss;

	(void)x;
	__asm__ volatile("syscall; mov %%cs, %0; mov %%ss, %1"
			 : "=r"(cs), "=r"(ss)
			 :
			 : "rcx", "r11", "memory");
	return cs << 16 | ss;
}

USER static word run_sysenter(word x)
{
	word cs;

	__asm__ volatile(
		"mov %%rsp, %1; lea 1f(%%rip), %%rax; mov %%rax, %2; sysenter; 1: mov %%cs, %0"
		: "=r"(cs), "=m"(user_stack), "=m"(user_back)
		: "r"(x)
		: "rax", "rcx", "rdx", "memory");
	return cs;
}

/* Code of 32 bits: SYSCALL or SYSENTER, and the end. */
__asm__(".section .user.text, \"ax\"\n.code32\n"
	"compat_syscall: syscall; mov $0x77, %eax; int $0x80\n"
	"compat_sysenter: sysenter; int $0x80\n.code64\n.text");
word compat_syscall(word x), compat_sysenter(word x);

/* False: the flags are not right, as in QEMU. */
static bool syscall64(void)
{
	uint64_t efer = rdmsr(MSR_EFER);
	word back;

	wrmsr(STAR, (uint64_t)UCS32 << 48 | (uint64_t)KCS << 32);
	wrmsr(LSTAR, (word)syscall_entry);
	wrmsr(FMASK, DF_FLAG | 0x200);
	user(run_syscall, 0, 0);
	expect_any("#UD of SYSCALL without EFER.SCE", UD, 0);
	TRY("sysretq", ::"c"(trap_end), "r"(0ul) : "r11");
	expect("#UD of SYSRET without EFER.SCE", UD, 0);
	wrmsr(MSR_EFER, efer | EFER_SCE);
	back = user(run_syscall, 0, 0);
	expect_any("SYSCALL and SYSRET", NONE, 0);
	check("entered once", entries, 1);
	check("RCX is the next instruction", back >> 32, 0);
	check("SYSRET restores the flags from R11", back & 0xffffffff, CF | DF_FLAG);
	check("R11 has the flags", entry_r11 & (CF | DF_FLAG), CF | DF_FLAG);
	check("FMASK clears, and nothing else", entry_flags & (CF | DF_FLAG), CF);
	check("CS of the entry", entry_cs & 0xffff, KCS);
	check("SS of the entry", entry_ss & 0xffff, KCS + 8);
	check("RSP of the entry is the user's", entry_sp >> 12, ((word)user_end - 1) >> 12);
	check("CS and SS behind SYSRET", user(run_selectors, 0, 0), (word)UCS64 << 16 | UDS);
	user(run_syscall, 0, 0);
	try_wrmsr(LSTAR, NONCANONICAL);
	expect_any("#GP of LSTAR, not canonical", GP, 0);
	wrmsr(LSTAR, (word)syscall_entry);
	check("STAR reads back", rdmsr(STAR), (uint64_t)UCS32 << 48 | (uint64_t)KCS << 32);
	check("FMASK reads back", rdmsr(FMASK), DF_FLAG | 0x200);
	return entry_flags & CF;
}

static void compatibility(void)
{
	user_cs = UCS32;
	wrmsr(CSTAR, (word)syscall_entry32);
	entries = 0;
	if (is_amd()) {
		check("SYSCALL in compatibility mode, by CSTAR", user(compat_syscall, 0, 0), 0x77);
		check("entered once", entries, 1);
	} else {
		user(compat_syscall, 0, 0);
		expect_any("#UD of SYSCALL in compatibility mode", UD, 0);
	}
	user_cs = UCS64;
}

static void sysenter(bool right)
{
	word cs;

	wrmsr(SYSENTER_CS, 0);
	wrmsr(SYSENTER_CS + 1, (word)int_stack_top);
	wrmsr(SYSENTER_CS + 2, (word)sysenter_entry);
	entries = 0;
	if (is_amd()) { /* APM 3, SYSENTER: not in long mode */
		wrmsr(SYSENTER_CS, KCS);
		wrmsr(SYSENTER_CS + 2, (word)sysenter_end);
		user(run_sysenter, 0, 0);
		expect_any("#UD of SYSENTER in long mode", UD, 0);
		if (!right) { /* QEMU enters, by a segment that no VMRUN takes */
			skip("#UD of SYSENTER in compatibility mode",
			     "SYSCALL is not right either");
			return;
		}
		user_cs = UCS32;
		user(compat_sysenter, 0, 0);
		user_cs = UCS64;
		expect_any("#UD of SYSENTER in compatibility mode", UD, 0);
		return;
	}
	user(run_sysenter, 0, 0);
	expect_any("#GP of SYSENTER with a null selector", GP, 0);
	wrmsr(SYSENTER_CS, KCS);
	cs = user(run_sysenter, 0, 0);
	expect_any("SYSENTER and SYSEXIT", NONE, 0);
	check("entered once", entries, 1);
	check("CS behind SYSEXIT", cs, UCS64);
	check("CS of the entry", entry_cs & 0xffff, KCS);
	check("SS of the entry", entry_ss & 0xffff, KCS + 8);
	check("RSP of the entry", entry_sp, (word)int_stack_top);
	check("IF is clear", entry_flags & 0x200, 0);
	wrmsr(SYSENTER_CS, 0);
	TRY("sysexitq", ::"c"(0ul), "d"(0ul));
	expect("#GP of SYSEXIT with a null selector", GP, 0);
	try_wrmsr(SYSENTER_CS + 2, NONCANONICAL);
	expect_any("#GP of SYSENTER_EIP, not canonical", GP, 0);
}

static void bases(void)
{
	static uint64_t a = 1, b = 2;
	uint64_t value;

	wrmsr(GS_BASE, (word)&a);
	wrmsr(KERNEL_GS_BASE, (word)&b);
	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	check("GS by its base", value, 1);
	__asm__ volatile("swapgs; mov %%gs:0, %0" : "=r"(value));
	check("SWAPGS", value, 2);
	check("and the MSRs have changed places", rdmsr(GS_BASE) == (word)&b, 1);
	check("both", rdmsr(KERNEL_GS_BASE) == (word)&a, 1);
	wrmsr(FS_BASE, (word)&b);
	__asm__ volatile("mov %%fs:0, %0" : "=r"(value));
	check("FS by its base", value, 2);
	__asm__ volatile("mov %0, %%fs" ::"r"(KDS));
	check("a selector's base replaces it", rdmsr(FS_BASE), 0);
	if (!(cpuid(7, 0).ebx & 1)) {
		skip("FSGSBASE", "CPUID does not name it");
		return;
	}
	TRY("rdfsbase %0", : "=r"(value));
	expect("#UD of RDFSBASE without CR4.FSGSBASE", UD, 0);
	write_cr4(read_cr4() | 0x10000);
	TRY("wrfsbase %0", ::"r"((word)&b));
	expect("WRFSBASE", NONE, 0);
	check("sets the MSR", rdmsr(FS_BASE) == (word)&b, 1);
	TRY("wrgsbase %0", ::"r"(NONCANONICAL));
	expect("#GP of WRGSBASE, not canonical", GP, 0);
	write_cr4(read_cr4() & ~0x10000ul);
}

void conform_main(void)
{
	bool right = syscall64();

	compatibility();
	sysenter(right);
	bases();
}
