/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing on the firmware's console and, where that is only a screen, on a serial port. */
#include "kernel/print.h"
#include "boot/loader.h"

#define LINE_MAX 400u

static EFI_SERIAL_IO_PROTOCOL *serial;

/*
 * The ConOut variable is the list of device paths that firmware's console is
 * made of (UEFI 2.10 3.3). A UART node in it: what we print is on a serial port
 * already, and printing it there again would double each line.
 */
static bool console_has_uart(void)
{
	static uint8_t path[4096];
	EFI_GUID global = EFI_GLOBAL_VARIABLE;
	CHAR16 name[] = L"ConOut";
	UINTN size = sizeof(path), off = 0, len;

	if (EFI_ERROR(st->RuntimeServices->GetVariable(name, &global, NULL, &size, path)))
		return false;
	for (; size - off >= sizeof(EFI_DEVICE_PATH); off += len) {
		const uint8_t *node = path + off;

		len = node[2] | (UINTN)node[3] << 8;
		if (node[0] == MESSAGING_DEVICE_PATH && node[1] == MSG_UART_DP)
			return true;
		if (len < sizeof(EFI_DEVICE_PATH) || len > size - off)
			return false;
	}
	return false;
}

void print_init(void)
{
	EFI_GUID guid = EFI_SERIAL_IO_PROTOCOL_GUID;
	void *port;

	if (console_has_uart() || EFI_ERROR(bs->LocateProtocol(&guid, NULL, &port)))
		return;
	serial = port;
	serial->SetAttributes(serial, 115200, 0, 0, NoParity, 8, OneStopBit);
}

void print(const char *fmt, ...)
{
	char line[LINE_MAX];
	CHAR16 wide[2 * LINE_MAX];
	unsigned n = 0;
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);

	for (const char *c = line; *c; c++) {
		UINTN one = 1;
		char cr = '\r', byte = *c;

		if (*c == '\n')
			wide[n++] = '\r';
		wide[n++] = (unsigned char)*c;
		if (serial && *c == '\n')
			serial->Write(serial, &one, &cr);
		if (serial)
			serial->Write(serial, &one, &byte);
	}
	wide[n] = 0;
	st->ConOut->OutputString(st->ConOut, wide);
}
