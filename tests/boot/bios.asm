; The first 16 sectors of an NTFS volume, in the place of Windows' own boot code: the first one is loaded by the master boot record
; and loads the others, by the number of hidden sectors that stands in it; they hold the NTFS reader (bios.c), which loads \bootmgr
; and jumps to it.
bits 16
global start, bios_read
extern boot_sector_main, bss_start, bss_end
section .note.GNU-stack noalloc noexec nowrite progbits
section .boot progbits alloc exec nowrite
start:
        jmp short begin
        nop
        times 0x54 - ($ - start) db 0   ; the description of the volume stays as it is
begin:
        cli
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7C00
        sti
        cld
        mov [drive], dl
        mov eax, [start + 0x1C]         ; HiddenSectors
        mov [hidden], eax
        inc eax
        mov [packet.sector], eax
        mov word [packet.count], 15
        mov word [packet.offset], 0x7E00
        mov word [packet.segment], 0
        mov si, packet
        mov ah, 0x42
        mov dl, [drive]
        int 0x13
        jc failed
        jmp second
failed: mov al, 0x11                    ; QEMU ends with code 35
        mov dx, 0x501
        out dx, al
        hlt
        jmp failed
        align 8
packet: db 16, 0
.count: dw 0
.offset: dw 0
.segment: dw 0
.sector: dd 0
.high:  dd 0
hidden: dd 0
drive:  db 0
        times 510 - ($ - start) db 0
        dw 0xAA55

section .second progbits alloc exec write
second:
        in al, 0x92
        or al, 2
        out 0x92, al                    ; A20
        cli
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp 8:protected
bits 32
protected:
        mov ax, 16
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, 0x9FC00                ; below the data area of the BIOS
        cld
        mov edi, bss_start
        mov ecx, bss_end
        sub ecx, edi
        xor eax, eax
        rep stosb
        push dword bios_read
        push dword [hidden]
        call boot_sector_main
.stop:  hlt
        jmp .stop

; u32 bios_read(u32 low, u32 high, u32 count): sectors to 0x10000; 0, or the BIOS' error
bios_read:
        push ebx
        push esi
        push edi
        push ebp
        mov eax, [esp + 20]
        mov [packet.sector], eax
        mov eax, [esp + 24]
        mov [packet.high], eax
        mov eax, [esp + 28]
        mov [packet.count], ax
        mov word [packet.offset], 0
        mov word [packet.segment], 0x1000
        mov [stack], esp
        jmp 24:.real16
bits 16
.real16:
        mov ax, 32
        mov ds, ax
        mov es, ax
        mov ss, ax
        lidt [real_idt]
        mov eax, cr0
        and al, 0xFE
        mov cr0, eax
        jmp 0:.real
.real:  xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7C00
        sti
        mov si, packet
        mov ah, 0x42
        mov dl, [drive]
        int 0x13
        cli
        mov byte [result], 0
        jnc .good
        mov byte [result], 1
.good:  xor ax, ax
        mov ds, ax
        lgdt [gdtr]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp 8:.back
bits 32
.back:  mov ax, 16
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, [stack]
        cld
        movzx eax, byte [result]
        pop ebp
        pop edi
        pop esi
        pop ebx
        ret

        align 8
stack:  dd 0
result: db 0
        align 8
gdt:    dq 0
        dq 0x00CF9A000000FFFF           ; 8: code, 32 bit
        dq 0x00CF92000000FFFF           ; 16: data, 32 bit
        dq 0x00009A000000FFFF           ; 24: code, 16 bit
        dq 0x000092000000FFFF           ; 32: data, 16 bit
gdtr:   dw 39
        dd gdt
real_idt: dw 0x3FF
        dd 0
