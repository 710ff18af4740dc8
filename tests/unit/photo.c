/* Pictures, as cameras and as attackers make them: what they tell, and copies that tell no more. */
#include "test.h"

#include "formats/photo.h"

#define JFIF "ffe000104a46494600010200004800480000"
#define ONES "01010101010101010101010101010101" /* 16 */
#define NONE "000000000000000000000000000000"   /* 15 */
#define TABLES                                                                                               \
    "ffdb004300" ONES ONES ONES ONES "ffc0000b080008000801011100"                                            \
    "ffc400140001" NONE "00"                                                                                 \
    "ffc400141001" NONE "00"
#define SCAN "ffda0008010100003f003fff00ffd03f"
#define COMMENT "fffe0006612e622e"
/* A little-endian TIFF with Make and a GPS directory of a version and a latitude's reference. */
#define EXIF                                                                                                 \
    "ffe10056457869660000"                                                                                   \
    "49492a0008000000"                                                                                       \
    "02000f0102000600000026000000258804000100000030000000"                                                   \
    "00000000"                                                                                               \
    "50686f6e650000000000"                                                                                   \
    "020000000100040000000203000001000200020000004e00000000000000"
#define PNG_HEAD "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
#define PNG_TIME "0000000774494d4507e8050101010100000000"
#define PNG_DATA "0000000a49444154789c6368000000820081000000ff"
#define PNG_END "0000000049454e44ae426082"

static struct cv_buf made(const char *hex)
{
    return unhex(hex);
}

struct row {
    const char *name, *file;
    struct cv_photo tells;
    cv_status status;
    const char *copy;
};

static const struct row rows[] = {
    { "plain",
      "ffd8" JFIF TABLES SCAN "ffd9",
      { .kind = CV_PHOTO_JPEG },
      CV_OK,
      "ffd8" JFIF TABLES SCAN "ffd9" },
    { "exif",
      "ffd8" EXIF JFIF TABLES SCAN "ffd9",
      { .kind = CV_PHOTO_JPEG, .place = true, .device = true },
      CV_OK,
      "ffd8" JFIF TABLES SCAN "ffd9" },
    { "comment",
      "ffd8" JFIF COMMENT TABLES SCAN "ffd9",
      { .kind = CV_PHOTO_JPEG, .words = true },
      CV_OK,
      "ffd8" JFIF TABLES SCAN "ffd9" },
    { "comment between scans",
      "ffd8" JFIF TABLES SCAN COMMENT SCAN "ffd9",
      { .kind = CV_PHOTO_JPEG, .words = true },
      CV_OK,
      "ffd8" JFIF TABLES SCAN SCAN "ffd9" },
    { "tail",
      "ffd8" JFIF TABLES SCAN "ffd9"
      "00010203",
      { .kind = CV_PHOTO_JPEG, .words = true },
      CV_OK,
      "ffd8" JFIF TABLES SCAN "ffd9" },
    { "fill bytes",
      "ffd8ffff"
      "dbffff",
      { .kind = CV_PHOTO_JPEG, .unsure = true },
      CV_ERR_FORMAT,
      NULL },
    { "no scan", "ffd8" JFIF TABLES "ffd9", { .kind = CV_PHOTO_JPEG }, CV_ERR_FORMAT, NULL },
    { "no end", "ffd8" JFIF TABLES SCAN, { .kind = CV_PHOTO_JPEG, .unsure = true }, CV_ERR_FORMAT, NULL },
    { "length 0", "ffd8ffe00000", { .kind = CV_PHOTO_JPEG, .unsure = true }, CV_ERR_FORMAT, NULL },
    { "length past the end",
      "ffd8ffe0ffff00",
      { .kind = CV_PHOTO_JPEG, .unsure = true },
      CV_ERR_FORMAT,
      NULL },
    { "second start",
      "ffd8" JFIF "ffd8ffd9",
      { .kind = CV_PHOTO_JPEG, .unsure = true },
      CV_ERR_FORMAT,
      NULL },
    { "png", PNG_HEAD PNG_DATA PNG_END, { .kind = CV_PHOTO_PNG }, CV_OK, PNG_HEAD PNG_DATA PNG_END },
    { "png with its time",
      PNG_HEAD PNG_TIME PNG_DATA PNG_END,
      { .kind = CV_PHOTO_PNG, .time = true },
      CV_OK,
      PNG_HEAD PNG_DATA PNG_END },
    { "png with a tail",
      PNG_HEAD PNG_DATA PNG_END "00",
      { .kind = CV_PHOTO_PNG, .words = true },
      CV_OK,
      PNG_HEAD PNG_DATA PNG_END },
    { "png without an image", PNG_HEAD PNG_END, { .kind = CV_PHOTO_PNG }, CV_ERR_FORMAT, NULL },
    { "png with an unknown critical chunk",
      PNG_HEAD "00000000"
               "58585858"
               "00000000" PNG_DATA PNG_END,
      { .kind = CV_PHOTO_PNG },
      CV_ERR_FORMAT,
      NULL },
    { "png cut", PNG_HEAD "0000", { .kind = CV_PHOTO_PNG, .unsure = true }, CV_ERR_FORMAT, NULL },
    { "text", "25504446", { .kind = CV_PHOTO_OTHER }, CV_ERR_FORMAT, NULL },
    { "nothing", "", { .kind = CV_PHOTO_OTHER }, CV_ERR_FORMAT, NULL },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        struct cv_buf file = made(r->file), copy = { 0 }, want = { 0 };
        struct cv_photo got;
        cv_photo_look(cv_buf_view(&file), true, &got);
        if (got.kind != r->tells.kind || got.place != r->tells.place || got.time != r->tells.time ||
            got.device != r->tells.device || got.words != r->tells.words || got.unsure != r->tells.unsure)
            fail_msg("%s: kind %d place %d time %d device %d words %d unsure %d", r->name, got.kind,
                     got.place, got.time, got.device, got.words, got.unsure);
        if (cv_photo_clean(cv_buf_view(&file), &copy, NULL) != r->status)
            fail_msg("%s: cleaned otherwise", r->name);
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
        assert_false(got.place || got.time || got.device || got.words || got.unsure);
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
