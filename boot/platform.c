/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware knows about the machine: ACPI, screen, processors, time, its own name. */
#include "boot/loader.h"
#include "kernel/date.h"
#include "kernel/print.h"

/* PI 1.8 volume 2, 13.4: EFI_MP_SERVICES_PROTOCOL, as far as it is used. */
struct mp_info {
	UINT64 apic_id;
	UINT32 status;
	UINT32 location[3];
	UINT32 extended[6];
};
#define MP_ENABLED 2u
#define MP_HEALTHY 4u

struct mp_services {
	EFI_STATUS(EFIAPI *count)(struct mp_services *mp, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *info)(struct mp_services *mp, UINTN number, struct mp_info *info);
};
static const EFI_GUID mp_guid = {
	0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}};

static uint64_t find_rsdp(void)
{
	static const EFI_GUID guid = ACPI_20_TABLE_GUID;

	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (!memcmp(&st->ConfigurationTable[i].VendorGuid, &guid, sizeof(guid)))
			return (uintptr_t)st->ConfigurationTable[i].VendorTable;
	return 0;
}

static EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

/*
 * A linear framebuffer of 32-bit pixels is all that is used; masks tell how many bits they
 * have (UEFI 12.9.2). What is gray is so in any order of the channels.
 */
static bool fb_from(struct handoff_fb *fb, EFI_HANDLE screen)
{
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info;
	void *gop;

	if (EFI_ERROR(bs->HandleProtocol(screen, &gop_guid, &gop)))
		return false;
	const EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode = ((EFI_GRAPHICS_OUTPUT_PROTOCOL *)gop)->Mode;
	info = mode ? mode->Info : NULL;
	if (!info || !mode->FrameBufferBase || info->PixelFormat >= PixelBltOnly ||
	    info->PixelsPerScanLine < info->HorizontalResolution)
		return false;
	fb->ink = 0xc8c8c8;
	if (info->PixelFormat == PixelBitMask) {
		EFI_PIXEL_BITMASK m = info->PixelInformation;

		fb->ink = m.RedMask | m.GreenMask | m.BlueMask;
		if (!((fb->ink | m.ReservedMask) >> 24))
			return false;
	}
	fb->width = info->HorizontalResolution;
	fb->height = info->VerticalResolution;
	fb->stride = info->PixelsPerScanLine;
	fb->size = 4ull * fb->stride * fb->height;
	fb->base = mode->FrameBufferBase;
	return true;
}

static void find_fb(struct handoff_fb *fb)
{
	EFI_HANDLE *handles;
	UINTN count;

	/* The console's own screen first, then whatever else can be drawn on. */
	if (fb_from(fb, st->ConsoleOutHandle) ||
	    EFI_ERROR(bs->LocateHandleBuffer(ByProtocol, &gop_guid, NULL, &count, &handles)))
		return;
	for (UINTN i = 0; i < count && !fb_from(fb, handles[i]); i++)
		;
	bs->FreePool(handles);
}

static int find_cpus(struct handoff *h)
{
	EFI_GUID guid = mp_guid;
	UINTN all, enabled;
	uint32_t *apic_ids;
	void *p;

	if (EFI_ERROR(bs->LocateProtocol(&guid, NULL, &p)))
		return 0;
	struct mp_services *mp = p;
	if (EFI_ERROR(mp->count(mp, &all, &enabled)) || !all)
		return 0;
	h->cpus = pages_alloc(all * sizeof(*apic_ids), PAGES_ANYWHERE);
	if (!h->cpus)
		return -ENOMEM;
	apic_ids = phys(h->cpus);
	for (UINTN i = 0; i < all; i++) {
		struct mp_info info;

		if (!EFI_ERROR(mp->info(mp, i, &info)) && (info.status & MP_ENABLED) &&
		    (info.status & MP_HEALTHY))
			apic_ids[h->cpu_count++] = (uint32_t)info.apic_id;
	}
	return 0;
}

static uint64_t now(void)
{
	int64_t zone;
	EFI_TIME t;

	if (EFI_ERROR(st->RuntimeServices->GetTime(&t, NULL)))
		return 0;
	uint64_t local = date_seconds(t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second);
	/* UTC = local time + zone (UEFI 2.10 8.3); most clocks do not say theirs. */
	zone = t.TimeZone >= -1440 && t.TimeZone <= 1440 ? t.TimeZone : 0;
	return local > 1440 * 60 ? local + (uint64_t)(zone * 60) : 0;
}

/* Printable ASCII of a UCS-2 string; empty when it is not that. */
static void to_ascii(char *dst, size_t size, const CHAR16 *src)
{
	size_t n = 0;

	for (; n < size - 1 && src[n]; n++) {
		if (src[n] < ' ' || src[n] > '~') {
			n = 0;
			break;
		}
		dst[n] = (char)src[n];
	}
	dst[n] = 0;
}

int platform_collect(struct handoff *h)
{
	char vendor[32];

	h->rsdp = find_rsdp();
	find_fb(&h->fb);
	h->boot_epoch = now();
	to_ascii(vendor, sizeof(vendor), st->FirmwareVendor);
	ksnprintf(h->firmware, sizeof(h->firmware), "%s %#x, UEFI %u.%u", vendor,
		  st->FirmwareRevision, st->Hdr.Revision >> 16, (st->Hdr.Revision & 0xffff) / 10);
	if (find_cpus(h)) {
		print("Mullion: there is no memory for the list of processors.\n");
		return -ENOMEM;
	}
	return 0;
}
