; Master boot records that stand for what is seen of machines that do not start: -DBLUE a blue page of Windows 7 in the colours of its
; boot screen driver, -DMESSAGE the message of a boot sector, -DPANIC a report to the hypervisor (QEMU, docs/specs/pvpanic), -DRESET a
; machine that is reset for ever, -DREAD one that reads 1 MiB and says nothing.
bits 16
org 0x7C00
start:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7C00
        sti
        cld
%ifdef BLUE
        mov ax, 0x0012                  ; 640 by 480, 16 colours
        int 0x10
        mov ax, 0x1010                  ; the first colour, which is everywhere: 0, 0, 128
        xor bx, bx
        mov dh, 0
        mov cx, 0x0020
        int 0x10
%endif
%ifdef PANIC
        mov dx, 0x505
        mov al, 1                       ; PVPANIC_PANICKED
        out dx, al
%endif
%ifdef READ
        mov cx, 32
.more:  push cx
        mov si, packet
        mov ah, 0x42
        int 0x13                        ; DL is still the disk
        add dword [packet.sector], 64
        pop cx
        loop .more
%endif
%ifdef RESET
        mov cx, 0
.wait:  in al, 0x80
        loop .wait
        mov al, 0xFE
        out 0x64, al                    ; the line of the keyboard controller
%endif
        mov si, message
.next:  lodsb
        test al, al
        jz .stop
        mov ah, 0x0E
        mov bx, 15
        int 0x10
        jmp .next
.stop:  hlt
        jmp .stop
        align 8
packet: db 16, 0
        dw 64, 0, 0x1000
.sector: dd 2048
        dd 0
message:
%ifdef BLUE
        db 13, 10, "A problem has been detected and windows has been shut down", 13, 10
        db "to prevent damage to your computer.", 13, 10, 13, 10
        db "*** STOP: 0x0000007B", 13, 10
%endif
%ifdef MESSAGE
        db 13, 10, "BOOTMGR is missing", 13, 10, "Press Ctrl+Alt+Del to restart", 13, 10
%endif
        db 0
        times 510 - ($ - $$) db 0
        dw 0xAA55
