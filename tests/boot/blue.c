/* In the place of a loader: paints a page in the colours of Windows 10's stop page, with a white face of blocks, and stays. UEFI 2.10,
   EFI_GRAPHICS_OUTPUT_PROTOCOL. */
#include "loader.h"

#define API __attribute__((ms_abi))
typedef struct { u32 a; u16 b, c; u8 d[8]; } guid;
struct information { u32 version, width, height; };
struct mode { u32 max, mode; struct information *information; };
struct graphics {
    void *query, *set;
    API u64 (*blt)(struct graphics *, const u8 *pixel, u32 operation, u64 sx, u64 sy, u64 x, u64 y, u64 width, u64 height, u64 delta);
    struct mode *mode;
};
struct services { u8 head[24]; void *before[37]; API u64 (*locate)(const guid *, void *, void **); };
struct system { u8 head[24]; void *before[9]; struct services *boot; };

static const guid graphics_guid = { 0x9042a9de, 0x23dc, 0x4a38, { 0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a } };

API u64 efi_main(void *image, struct system *system)
{
    static const u8 blue[4] = { 215, 120, 0, 0 }, white[4] = { 255, 255, 255, 0 };
    struct graphics *g = 0;
    (void)image;
    if (!system->boot->locate(&graphics_guid, 0, (void **)&g)) {
        g->blt(g, blue, 0, 0, 0, 0, 0, g->mode->information->width, g->mode->information->height, 0);
        g->blt(g, white, 0, 0, 0, 120, 120, 20, 20, 0);
        g->blt(g, white, 0, 0, 0, 120, 180, 20, 20, 0);
        g->blt(g, white, 0, 0, 0, 180, 110, 15, 100, 0);
        for (u64 line = 0; line < 4; line++) g->blt(g, white, 0, 0, 0, 120, 260 + 30 * line, 400, 4, 0);
    }
    for (;;) __asm__ volatile("hlt");
}
