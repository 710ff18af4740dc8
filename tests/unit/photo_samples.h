#ifndef CV_PHOTO_SAMPLES_H
#define CV_PHOTO_SAMPLES_H

/* Pictures and parts of them, in hex. */
#define JFIF "ffe000104a46494600010200004800480000"
#define JFIF_COPY "ffe000104a46494600010100000100010000"
#define ONES "01010101010101010101010101010101" /* 16 */
#define NONE "000000000000000000000000000000"   /* 15 */
#define QUANT "ffdb004300" ONES ONES ONES ONES
#define FRAME "ffc0000b080008000801011100"
#define CODES "ffc400140001" NONE "00ffc400141001" NONE "00"
#define TABLES QUANT FRAME CODES
#define HEAD "ffda0008010100003f00"
#define SCAN HEAD "3f"
#define PLAIN "ffd8" JFIF_COPY TABLES SCAN "ffd9"
#define BEFORE "ffd8" JFIF
#define COMMENT "fffe0006612e622e"
/* Two blocks with a restart between them. */
#define WIDE QUANT "ffc0000b080008001001011100" CODES
#define FOUR                                                                                                 \
    "ffc0001408000800080401110002110003110004"                                                               \
    "1100"
#define HEAD_FOUR                                                                                            \
    "ffda000e0401000200030004"                                                                               \
    "00003f00"
#define RESTARTS "ffdd00040001"
/* Progressive: two scans of the first coefficient, two of the others, which have a code for one that is not
 * 0. */
#define MORE_CODES                                                                                           \
    "ffc400151001010000000000000000000000000000"                                                             \
    "0001"
#define FIRST                                                                                                \
    "ffc400140001" NONE "00ffda0008010100000001"                                                             \
    "7f"
#define FIRST_AGAIN "ffda00080101000000107f"
#define OTHERS                                                                                               \
    MORE_CODES "ffda00080101"                                                                                \
               "00013f01"                                                                                    \
               "af"
#define OTHERS_AGAIN                                                                                         \
    "ffda0008010100013f10"                                                                                   \
    "3f"
#define PROGRESSIVE QUANT "ffc2000b080008000801011100"
/* A little-endian TIFF with Make and a GPS directory of a version and a latitude's reference. */
#define EXIF                                                                                                 \
    "ffe10056457869660000"                                                                                   \
    "49492a0008000000"                                                                                       \
    "02000f0102000600000026000000258804000100000030000000"                                                   \
    "00000000"                                                                                               \
    "50686f6e650000000000"                                                                                   \
    "020000000100040000000203000001000200020000004e00000000000000"
/* One that says of itself what it shows. */
#define EXIF_TEXT                                                                                            \
    "ffe10022457869660000"                                                                                   \
    "49492a0008000000"                                                                                       \
    "0100"                                                                                                   \
    "0e01020003000000"                                                                                       \
    "61620000"                                                                                               \
    "00000000"
/* A PNG is written as its chunks; their lengths and checks are added. */
#define PNG_HEAD "!IHDR:00000001000000010800000000"
#define PNG_OF(depth, colour) "!IHDR:0000000100000001" depth colour "000000"
#define PNG_DATA " IDAT:789c6368000000820081"
#define PNG_DATA_0 " IDAT:789c6360000000020001" /* a line of one byte of 0 */
#define PNG_END " IEND:"
#define PNG PNG_HEAD PNG_DATA PNG_END

#endif
