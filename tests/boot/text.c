/* Text on COM1, byte by byte. */
#include "loader.h"

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %0,%1" : : "a"(value), "Nd"(port)); }
static inline u8 in8(u16 port) { u8 v; __asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(port)); return v; }

void put(char c)
{
    u32 patience = 100000;
    while (!(in8(0x3FD) & 0x20) && --patience) { }
    out8(0x3F8, (u8)c);
}

void text(const char *s)
{
    for (; *s; s++) { if (*s == '\n') put('\r'); put(*s); }
}

void hex(u64 value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) put("0123456789ABCDEF"[(value >> (4 * i)) & 15]);
}

void number(u64 value)
{
    /* The BIOS part has no division of 64 bits: sizes beyond 4 GiB are printed in hexadecimal. */
    if (value >> 32) { text("0x"); hex(value, 16); return; }
    char digits[11]; int n = 0; u32 v = (u32)value;
    do { digits[n++] = (char)('0' + v % 10); v /= 10; } while (v);
    while (n) put(digits[--n]);
}

void wide(const u8 *s, u32 bytes)
{
    for (u32 i = 0; i + 1 < bytes; i += 2) { u16 c = (u16)(s[i] | s[i + 1] << 8); if (!c) break; put(c >= 32 && c < 127 ? (char)c : '?'); }
}

int same(const u8 *a, const u8 *b, u64 count)
{
    while (count--) if (*a++ != *b++) return 0;
    return 1;
}

void *memcpy(void *to, const void *from, __SIZE_TYPE__ n) { u8 *t = to; const u8 *f = from; while (n--) *t++ = *f++; return to; }
void *memset(void *to, int c, __SIZE_TYPE__ n) { u8 *t = to; while (n--) *t++ = (u8)c; return to; }
