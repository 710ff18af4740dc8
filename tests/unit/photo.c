/* Pictures, as cameras and as attackers make them: what they tell, and copies that tell no more. */
#include "test.h"

#include "formats/photo.h"
#include "formats/zip.h"
#include "photo_samples.h"

/* made(text): hex, or a PNG's chunks. */
static struct cv_buf made(const char *text)
{
    struct cv_buf png = { 0 };
    if (text[0] != '!')
        return unhex(text);
    assert_ok(cv_buf_append(&png, CV_LIT("\x89PNG\r\n\x1a\n")));
    for (const char *at = text; *at != '\0'; at += strcspn(at, " ")) {
        char hex[1024];
        if (*++at == '+') { /* as it is */
            (void)snprintf(hex, sizeof(hex), "%.*s", (int)strcspn(at + 1, " "), at + 1);
            struct cv_buf raw = unhex(hex);
            assert_ok(cv_buf_append(&png, cv_buf_view(&raw)));
            cv_buf_free(&raw);
            continue;
        }
        (void)snprintf(hex, sizeof(hex), "%.*s", (int)strcspn(at + 5, " "), at + 5);
        struct cv_buf data = unhex(hex);
        const uint32_t type = cv_zip_crc(0, CV_BYTES(at, 4));
        const uint32_t crc = data.n > 0 ? cv_zip_crc(type, cv_buf_view(&data)) : type;
        assert_ok(cv_buf_u32(&png, (uint32_t)data.n));
        assert_ok(cv_buf_append(&png, CV_BYTES(at, 4)));
        assert_ok(cv_buf_append(&png, cv_buf_view(&data)));
        assert_ok(cv_buf_u32(&png, crc));
        cv_buf_free(&data);
    }
    return png;
}

struct row {
    const char *name, *file;
    struct cv_photo tells;
    const char *copy; /* NULL: there can be none */
};

/* clang-format off */
#define JPEG_TELLS(...) { .kind = CV_PHOTO_JPEG, __VA_ARGS__ }
#define PNG_TELLS(...) { .kind = CV_PHOTO_PNG, __VA_ARGS__ }
/* clang-format on */
#define CARRIES(what) .carries = CV_CARRIES_##what

static const struct row rows[] = {
    /* What a JPEG tells, and goes. */
    { "plain", BEFORE TABLES SCAN "ffd9", JPEG_TELLS(), PLAIN },
    { "exif", "ffd8" EXIF JFIF TABLES SCAN "ffd9", JPEG_TELLS(.place = true, .device = true), PLAIN },
    { "exif with a text", "ffd8" EXIF_TEXT JFIF TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(TEXT)), PLAIN },
    { "comment", BEFORE COMMENT TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(TEXT)), PLAIN },
    { "tail", BEFORE TABLES SCAN "ffd900010203", JPEG_TELLS(CARRIES(TAIL)), PLAIN },
    { "thumbnail",
      "ffd8ffe000134a4649460001020000480048"
      "0101"
      "616263" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(THUMBNAIL)), PLAIN },
    { "another thumbnail", BEFORE "ffe0000a4a46585800106162" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(THUMBNAIL)), PLAIN },
    { "thumbnail that is not there",
      "ffd8ffe000104a4649460001020000480048"
      "0101" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(THUMBNAIL)), NULL },
    { "JFIF with more",
      "ffd8ffe000134a4649460001020000480048"
      "0001"
      "616263" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "points that are not square", "ffd8ffe000104a46494600010201004800900000" TABLES SCAN "ffd9",
      JPEG_TELLS(), "ffd8ffe000104a46494600010100004800900000" TABLES SCAN "ffd9" },
    { "of no application that is known",
      BEFORE "ffe500066162"
             "6364" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(OTHER)), PLAIN },
    { "Adobe's note",
      BEFORE "ffee000e41646f6265"
             "0065"
             "8000"
             "1234"
             "01" TABLES SCAN "ffd9",
      JPEG_TELLS(),
      "ffd8" JFIF_COPY "ffee000e41646f6265"
      "0064"
      "0000"
      "0000"
      "01" TABLES SCAN "ffd9" },
    { "Adobe's note, longer",
      BEFORE "ffee000f41646f6265"
             "0064"
             "8000"
             "0000"
             "0161" TABLES SCAN "ffd9",
      JPEG_TELLS(CARRIES(OTHER)), NULL },
    /* What stands in segments that a JPEG may need. */
    { "table that nothing uses", BEFORE QUANT "ffdb004301" ONES ONES ONES ONES FRAME CODES SCAN "ffd9",
      JPEG_TELLS(), PLAIN },
    { "table that is replaced",
      BEFORE "ffc400150001000000000000000000000000000000"
             "0102" TABLES SCAN "ffd9",
      JPEG_TELLS(), NULL },
    { "table that another replaces", BEFORE "ffc400140001" NONE "02" TABLES SCAN "ffd9", JPEG_TELLS(),
      PLAIN },
    { "table of values with more", BEFORE "ffdb004400" ONES ONES ONES ONES "61" FRAME CODES SCAN "ffd9",
      JPEG_TELLS(), NULL },
    { "table of codes with more",
      BEFORE QUANT FRAME "ffc400150001" NONE "0061ffc400141001" NONE "00" SCAN "ffd9", JPEG_TELLS(), NULL },
    { "table with a symbol twice",
      BEFORE QUANT FRAME "ffc40015000101"
                         "0000000000000000000000000000"
                         "0000"
                         "ffc400141001" NONE "00" SCAN "ffd9",
      JPEG_TELLS(), NULL },
    { "table with a code of ones",
      BEFORE QUANT FRAME "ffc400150002" NONE "0001ffc400141001" NONE "00" SCAN "ffd9", JPEG_TELLS(), NULL },
    { "no table", BEFORE FRAME CODES SCAN "ffd9", JPEG_TELLS(), NULL },
    { "no codes", BEFORE QUANT FRAME "ffc400140001" NONE "00" SCAN "ffd9", JPEG_TELLS(), NULL },
    { "frame with more", BEFORE QUANT "ffc0000c08000800080101110061" CODES SCAN "ffd9", JPEG_TELLS(), NULL },
    { "two frames", BEFORE TABLES FRAME SCAN "ffd9", JPEG_TELLS(), NULL },
    { "height that comes later", BEFORE QUANT "ffc0000b080000000801011100" CODES SCAN "ffdc00040008ffd9",
      JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "height that changes later", BEFORE TABLES SCAN "ffdc00040008ffd9", JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "hierarchical", BEFORE "ffde000b080008000801011100" TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(OTHER)),
      NULL },
    { "expands", BEFORE "ffdf000311" TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "arithmetic conditions", BEFORE "ffcc00040010" TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(OTHER)), PLAIN },
    { "arithmetic", BEFORE QUANT "ffc9000b080008000801011100" SCAN "ffd9", JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "reserved", BEFORE "fff000046162" TABLES SCAN "ffd9", JPEG_TELLS(CARRIES(OTHER)), NULL },
    { "restarts that are none", BEFORE "ffdd00046162" TABLES SCAN "ffd9", JPEG_TELLS(), PLAIN },
    { "restarts with more", BEFORE "ffdd0005000161" TABLES SCAN "ffd9", JPEG_TELLS(), NULL },
    { "head of a scan with more",
      BEFORE TABLES "ffda0009010100003f00"
                    "613fffd9",
      JPEG_TELLS(), NULL },
    { "head of a scan with zeros",
      BEFORE TABLES "ffda0008010100000000"
                    "3fffd9",
      JPEG_TELLS(), PLAIN },
    { "fill bytes",
      "ffd8ffff"
      "ffe000104a46494600010200004800480000" TABLES SCAN "ffffffd9",
      JPEG_TELLS(), PLAIN },
    /* What stands in a scan. */
    { "bytes that no block uses", BEFORE TABLES SCAN "0061ff0062ffd9", JPEG_TELLS(), PLAIN },
    { "bits that no block uses", BEFORE TABLES HEAD "15ffd9", JPEG_TELLS(), PLAIN },
    { "too short", BEFORE WIDE HEAD "ffd9", JPEG_TELLS(), NULL },
    { "restarts", BEFORE RESTARTS WIDE HEAD "0061ffffd00062ffd9", JPEG_TELLS(),
      "ffd8" JFIF_COPY WIDE RESTARTS HEAD "3fffd03fffd9" },
    { "four components", BEFORE QUANT FOUR CODES HEAD_FOUR "00ffd9", JPEG_TELLS(),
      "ffd8" JFIF_COPY QUANT FOUR CODES HEAD_FOUR "00ffd9" },
    { "four components, of too many blocks",
      BEFORE QUANT "ffc000140800080008"
                   "04"
                   "014200"
                   "021100"
                   "031100"
                   "041100" CODES HEAD_FOUR "000000ffd9",
      JPEG_TELLS(), NULL },
    { "components in another order",
      BEFORE QUANT FOUR CODES "ffda000e04"
                              "02000100"
                              "03000400"
                              "003f00"
                              "00ffd9",
      JPEG_TELLS(), NULL },
    { "a component that is wanting", BEFORE QUANT FOUR CODES SCAN "ffd9", JPEG_TELLS(), NULL },
    { "another restart", BEFORE RESTARTS WIDE HEAD "3fffd13fffd9", JPEG_TELLS(), NULL },
    { "restart that is too many", BEFORE TABLES SCAN "ffd03fffd9", JPEG_TELLS(), NULL },
    { "the same again", BEFORE TABLES SCAN SCAN "ffd9", JPEG_TELLS(), NULL },
    { "comment between scans", BEFORE PROGRESSIVE FIRST COMMENT FIRST_AGAIN OTHERS OTHERS_AGAIN "6162ffd9",
      JPEG_TELLS(CARRIES(TEXT)), "ffd8" JFIF_COPY PROGRESSIVE FIRST FIRST_AGAIN OTHERS OTHERS_AGAIN "ffd9" },
    { "others before the first", BEFORE PROGRESSIVE OTHERS "ffd9", JPEG_TELLS(), NULL },
    { "again before once", BEFORE PROGRESSIVE FIRST_AGAIN "ffd9", JPEG_TELLS(), NULL },
    { "once again", BEFORE PROGRESSIVE FIRST FIRST_AGAIN FIRST_AGAIN "ffd9", JPEG_TELLS(), NULL },
    /* What is no JPEG. */
    { "fill bytes to the end",
      "ffd8ffff"
      "dbffff",
      JPEG_TELLS(.unsure = true), NULL },
    { "no scan", BEFORE TABLES "ffd9", JPEG_TELLS(), NULL },
    { "no end", BEFORE TABLES SCAN, JPEG_TELLS(.unsure = true), NULL },
    { "length 0", "ffd8ffe00000", JPEG_TELLS(.unsure = true), NULL },
    { "length past the end", "ffd8ffe0ffff00", JPEG_TELLS(.unsure = true), NULL },
    { "second start", "ffd8" JFIF "ffd8ffd9", JPEG_TELLS(.unsure = true), NULL },
    /* What a PNG tells, and goes. */
    { "png", PNG, PNG_TELLS(), PNG },
    { "png with its time", PNG_HEAD " tIME:07e80501010101" PNG_DATA PNG_END, PNG_TELLS(.time = true), PNG },
    { "png with texts", PNG_HEAD " tEXt:610062 iTXt:6100" PNG_DATA " zTXt:61" PNG_END,
      PNG_TELLS(CARRIES(TEXT)), PNG },
    { "png with XMP", PNG_HEAD " iTXt:584d4c3a636f6d2e61646f62652e786d700061" PNG_DATA PNG_END,
      PNG_TELLS(CARRIES(XMP)), PNG },
    { "png with a profile", PNG_HEAD " iCCP:61000061" PNG_DATA PNG_END, PNG_TELLS(CARRIES(PROFILE)), PNG },
    { "png with what is somebody's own", PNG_HEAD " prVt:61" PNG_DATA PNG_END, PNG_TELLS(CARRIES(OTHER)),
      PNG },
    { "png with a tail", PNG " +00", PNG_TELLS(CARRIES(TAIL)), PNG },
    { "png with more in its end", PNG_HEAD PNG_DATA PNG_END "61", PNG_TELLS(CARRIES(OTHER)), NULL },
    { "png with parts of a film", PNG_HEAD " fcTL:61" PNG_DATA " fdAT:61" PNG_END, PNG_TELLS(CARRIES(OTHER)),
      PNG },
    { "png that moves", PNG_HEAD " acTL:0000000100000000" PNG_DATA PNG_END, PNG_TELLS(CARRIES(OTHER)), NULL },
    { "png with what does not show", PNG_HEAD " sBIT:08 bKGD:0061 pHYs:000000010000000101" PNG_DATA PNG_END,
      PNG_TELLS(), PNG },
    /* What stands in chunks that a PNG may need. */
    { "png with colours", PNG_HEAD " cICP:01020001 gAMA:0000b18f cHRM:" ONES ONES PNG_DATA PNG_END,
      PNG_TELLS(), PNG_HEAD " cICP:01020001 gAMA:0000b18f cHRM:" ONES ONES PNG_DATA PNG_END },
    { "png with colours said twice", PNG_HEAD " gAMA:0000b18f sRGB:00 cHRM:" ONES ONES PNG_DATA PNG_END,
      PNG_TELLS(), PNG_HEAD " sRGB:00" PNG_DATA PNG_END },
    { "png with gAMA and more", PNG_HEAD " gAMA:0000b18f61" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with two gAMA", PNG_HEAD " gAMA:0000b18f gAMA:61626364" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with cHRM and more", PNG_HEAD " cHRM:" ONES ONES "61" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with sRGB and more", PNG_HEAD " sRGB:0061" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with sRGB of its own", PNG_HEAD " sRGB:61" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with cICP and more", PNG_HEAD " cICP:0102000161" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with tRNS", PNG_HEAD " tRNS:0061" PNG_DATA PNG_END, PNG_TELLS(),
      PNG_HEAD " tRNS:0061" PNG_DATA PNG_END },
    { "png with tRNS and more", PNG_HEAD " tRNS:006162" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with tRNS of no sample", PNG_HEAD " tRNS:6161" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with a palette", PNG_OF("01", "03") " PLTE:000000ffffff tRNS:0080" PNG_DATA_0 PNG_END, PNG_TELLS(),
      PNG_OF("01", "03") " PLTE:000000ffffff tRNS:0080" PNG_DATA_0 PNG_END },
    { "png with a longer palette", PNG_OF("01", "03") " PLTE:000000ffffff616263" PNG_DATA_0 PNG_END,
      PNG_TELLS(), NULL },
    { "png with a palette and more", PNG_OF("01", "03") " PLTE:000000ffffff61" PNG_DATA_0 PNG_END,
      PNG_TELLS(), NULL },
    { "png with a longer tRNS", PNG_OF("01", "03") " PLTE:000000ffffff tRNS:616263" PNG_DATA_0 PNG_END,
      PNG_TELLS(), NULL },
    { "png without its palette", PNG_OF("01", "03") PNG_DATA_0 PNG_END, PNG_TELLS(), NULL },
    { "grey png with a palette", PNG_HEAD " PLTE:616263" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with a longer head", "!IHDR:0000000100000001080000000061" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png of no such colour", PNG_OF("08", "05") PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png of no such depth", PNG_OF("03", "00") PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with two heads", PNG_HEAD " IHDR:00000001000000010800000000" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    /* What stands in its image. */
    { "png in pieces", PNG_HEAD " IDAT: IDAT:78 IDAT:9c6368000000 IDAT:820081" PNG_END, PNG_TELLS(), PNG },
    { "png with more after its image", PNG_HEAD PNG_DATA "616263" PNG_END, PNG_TELLS(), PNG },
    { "png with more images", PNG_HEAD PNG_DATA " IDAT:616263 IDAT:64" PNG_END, PNG_TELLS(), PNG },
    { "png with blocks of nothing", PNG_HEAD " IDAT:789c626800000000ffff030000820081" PNG_END, PNG_TELLS(),
      PNG },
    { "png with bits before nothing", PNG_HEAD " IDAT:7801f80000ffff010200fdff008000820081" PNG_END,
      PNG_TELLS(), PNG },
    { "png with an image elsewhere", PNG_HEAD PNG_DATA " tEXt:6100" PNG_DATA PNG_END,
      PNG_TELLS(CARRIES(TEXT)), NULL },
    { "png with a shorter image", PNG_HEAD " IDAT:789c63000000010001" PNG_END, PNG_TELLS(), NULL },
    { "png with a longer image", PNG_HEAD " IDAT:789c6368700400014400c2" PNG_END, PNG_TELLS(), NULL },
    { "png with a filter of its own", PNG_HEAD " IDAT:789c636d0000008c0086" PNG_END, PNG_TELLS(), NULL },
    { "png with a dictionary", PNG_HEAD " IDAT:78bb062c02156368000000820081" PNG_END, PNG_TELLS(), NULL },
    { "png with another check of its image", PNG_HEAD " IDAT:789c6368000000820082" PNG_END, PNG_TELLS(),
      NULL },
    { "png with half an image", PNG_HEAD " IDAT:789c636800" PNG_END, PNG_TELLS(), NULL },
    { "png interlaced", "!IHDR:00000009000000090100000001 IDAT:789c636020160000002a0001" PNG_END, PNG_TELLS(),
      "!IHDR:00000009000000090100000001 IDAT:789c636020160000002a0001" PNG_END },
    { "png interlaced, narrow", "!IHDR:00000003000000050100000001 IDAT:789c6360c0040000140001" PNG_END,
      PNG_TELLS(), "!IHDR:00000003000000050100000001 IDAT:789c6360c0040000140001" PNG_END },
    { "png that is large", "!IHDR:7fffffff7fffffff0800000000" PNG_DATA PNG_END, PNG_TELLS(), NULL },
    { "png with another check", PNG_HEAD " +0000000a49444154789c636800000082008177cd72b7" PNG_END,
      PNG_TELLS(), NULL },
    { "png without an image", PNG_HEAD PNG_END, PNG_TELLS(), NULL },
    { "png with an unknown critical chunk", PNG_HEAD " XXXX:" PNG_DATA PNG_END, PNG_TELLS(CARRIES(OTHER)),
      NULL },
    { "png cut", PNG_HEAD " +0000", PNG_TELLS(.unsure = true), NULL },
    /* What is neither. */
    { "pdf", "255044462d312e37", { .kind = CV_PHOTO_OTHER }, NULL },
    { "webp", "524946461a000000574542505650384c", { .kind = CV_PHOTO_OTHER }, NULL },
    { "heic", "0000001866747970686569630000000068656963", { .kind = CV_PHOTO_OTHER }, NULL },
    { "tiff", "49492a0008000000", { .kind = CV_PHOTO_OTHER }, NULL },
    { "gif", "474946383961", { .kind = CV_PHOTO_OTHER }, NULL },
    { "nothing", "", { .kind = CV_PHOTO_OTHER }, NULL },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        struct cv_buf file = made(r->file), copy = { 0 }, want = { 0 };
        struct cv_photo got;
        struct cv_err err = { 0 };
        cv_photo_look(cv_buf_view(&file), true, &got);
        if (got.kind != r->tells.kind || got.place != r->tells.place || got.time != r->tells.time ||
            got.device != r->tells.device || got.carries != r->tells.carries || got.unsure != r->tells.unsure)
            fail_msg("%s: kind %d place %d time %d device %d carries %u unsure %d", r->name, got.kind,
                     got.place, got.time, got.device, got.carries, got.unsure);
        const cv_status st = cv_photo_clean(cv_buf_view(&file), &copy, &err);
        if (r->copy == NULL ? st != CV_ERR_FORMAT && st != CV_ERR_LIMIT : st != CV_OK)
            fail_msg("%s: cleaned with status %d: %s", r->name, (int)st, err.msg);
        if (r->copy == NULL && strstr(err.msg, "cop") == NULL)
            fail_msg("%s: not said: %s", r->name, err.msg);
        if (r->copy != NULL)
            want = made(r->copy);
        if (!cv_bytes_equal(cv_buf_view(&copy), cv_buf_view(&want)))
            fail_msg("%s: another copy", r->name);
        cv_buf_free(&file);
        cv_buf_free(&copy);
        cv_buf_free(&want);
    }
}

/* look_and_clean: whatever it is, a copy is clean: a copy of the copy is the same, and tells nothing. */
static cv_status look_and_clean(void *arg, struct cv_bytes bytes)
{
    struct cv_photo got;
    struct cv_buf copy = { 0 }, again = { 0 };
    (void)arg;
    cv_photo_look(bytes, true, &got);
    const cv_status st = cv_photo_clean(bytes, &copy, NULL);
    if (st == CV_OK) {
        cv_photo_look(cv_buf_view(&copy), true, &got);
        assert_false(got.place || got.time || got.device || got.carries != 0 || got.unsure);
        assert_ok(cv_photo_clean(cv_buf_view(&copy), &again, NULL));
        assert_bytes(cv_buf_view(&copy), cv_buf_view(&again));
    } else
        assert_int_equal(copy.n, 0);
    cv_buf_free(&copy);
    cv_buf_free(&again);
    return st;
}

static void mutations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct cv_buf file = made(rows[i].file);
        every_cut(cv_buf_view(&file), 0, file.n, look_and_clean, NULL, MAY(CV_OK) | REFUSED);
        every_bit(cv_buf_view(&file), 0, file.n, look_and_clean, NULL, MAY(CV_OK) | REFUSED);
        cv_buf_free(&file);
    }
}

/* An Exif block in which everything points to everything: libexif is given it as it is. */
static void hostile_exif(void **state)
{
    (void)state;
    static const char *const blocks[] = {
        "49492a0008000000ffff",
        "4d4d002a00000008000187690004000000010000000800000008",
        "49492a0008000000010025880400ffffffff08000000"
        "00000000",
        "49492a00ffffffff",
        "49492a000000000001000000",
        "49492a00080000000100"
        "7c920700ffffff7f08000000"
        "08000000",
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
        char hex[512];
        snprintf(hex, sizeof(hex), "ffd8ffe1%04zx457869660000%s%s%sffd9", 8 + strlen(blocks[i]) / 2,
                 blocks[i], TABLES, SCAN);
        struct cv_buf file = made(hex);
        assert_int_not_equal(look_and_clean(NULL, cv_buf_view(&file)), CV_ERR_INTERNAL);
        every_bit(cv_buf_view(&file), 0, file.n < 40 ? file.n : 40, look_and_clean, NULL,
                  MAY(CV_OK) | REFUSED);
        cv_buf_free(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(mutations),
        cmocka_unit_test(hostile_exif),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
