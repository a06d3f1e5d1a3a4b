; Boot code of a master boot record: starts the active partition. Assembled with: nasm -f bin -o mbr.bin mbr.asm
; The first 440 bytes of the disk; what follows (disk signature, partition table, 55 AA) is not touched. MbrBootCode holds the result, and a test compares both.
; Interface: the BIOS loads sector 0 at 0000:7C00 and jumps there with DL = drive (BIOS Boot Specification 1.01, section 6.5.1). The boot sector is started at the same
; place, with DL = drive and DS:SI = its entry in the table.

        bits 16
        org 0x0600

Here    equ 0x0600              ; where this code moves itself
Sector  equ 0x7C00              ; where boot sectors run
Table   equ Here + 0x1BE
EntrySize equ 16
FirstSector equ 8               ; u32 in an entry

start:  cli
        xor     ax, ax
        mov     ss, ax
        mov     sp, Sector
        mov     ds, ax
        mov     es, ax
        sti
        cld
        mov     si, Sector
        mov     di, Here
        mov     cx, 256
        rep movsw
        jmp     0:find

find:   mov     si, Table
        mov     cl, 4
.next:  test    byte [si], 0x80
        jnz     load
        add     si, EntrySize
        dec     cl
        jnz     .next
        mov     si, none
        jmp     stop

load:   mov     eax, [si + FirstSector]
        mov     [packet.sector], eax
        push    si
        mov     si, packet
        mov     ah, 0x42        ; extended read: every BIOS of a virtual machine has it
        int     0x13
        pop     si
        mov     bp, failed
        jc      report
        mov     bp, unsound
        cmp     word [Sector + 510], 0xAA55
        jne     report
        jmp     0:Sector

report: mov     si, bp
stop:   lodsb
        test    al, al
        jz      .halt
        mov     ah, 0x0E
        mov     bx, 7
        int     0x10
        jmp     stop
.halt:  hlt
        jmp     .halt

none:   db "No partition is active", 13, 10, 0
failed: db "The boot sector cannot be read", 13, 10, 0
unsound: db "The active partition has no boot sector", 13, 10, 0

packet: db 16, 0                ; size of this packet
        dw 1                    ; sectors
        dw Sector, 0            ; offset, segment
.sector: dq 0
