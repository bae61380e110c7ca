/* SPDX-License-Identifier: MIT */
/* Memory and string functions, CRC, and the command line. */
#include "guests/rt/rt.h"

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n)::"memory");
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (d <= s)
		return memcpy(dst, src, n);
	while (n--)
		d[n] = s[n];
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}

/* The CRC of zlib and Ethernet (polynomial 0xedb88320, reflected), four bits a step. */
uint32_t crc32(const void *p, size_t n)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = ~0u;

	for (const uint8_t *b = p; n; n--, b++) {
		crc = table[(crc ^ *b) & 15] ^ crc >> 4;
		crc = table[(crc ^ (uint32_t)*b >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

bool option(const char *word, uint64_t *value)
{
	size_t n = strlen(word);

	for (const char *s = rt_info->cmdline; *s; s++) {
		if (s != rt_info->cmdline && s[-1] != ' ')
			continue;
		if (memcmp(s, word, n) != 0 || (s[n] && s[n] != ' ' && s[n] != '='))
			continue;
		uint64_t v = 0;

		if (s[n] == '=')
			for (const char *d = s + n + 1; *d >= '0' && *d <= '9'; d++)
				v = v * 10 + (uint64_t)(*d - '0');
		if (value)
			*value = v;
		return true;
	}
	return false;
}
