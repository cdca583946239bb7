/* A blob as bytes of a library: BLOB_NAME and BLOB_NAME_end. Global and hidden, else the two share a GOT slot on aarch64. */
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
    .section .rodata
    .globl BLOB_NAME
    .hidden BLOB_NAME
    .globl PASTE(BLOB_NAME, _end)
    .hidden PASTE(BLOB_NAME, _end)
    .balign 64
BLOB_NAME:
    .incbin BLOB_FILE
PASTE(BLOB_NAME, _end):
    .byte 0
    .section .note.GNU-stack,"",%progbits
