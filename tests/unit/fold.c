/* Folding: which spellings of a word are one, in which alphabets, and which are not. */
#include "vault/fold.h"

#include "test.h"

static int make(void **state)
{
    struct cv_folder *f = NULL;
    if (cv_folder_new(&f) != CV_OK)
        return -1;
    *state = f;
    return 0;
}

static int end(void **state)
{
    cv_folder_free(*state);
    return 0;
}

static void folds_to(struct cv_folder *f, const char *text, const char *want)
{
    struct cv_buf out = { 0 };
    if (cv_fold(f, cv_bytes_str(text), &out) != CV_OK)
        fail_msg("%s does not fold", text);
    if (!cv_bytes_equal(cv_buf_view(&out), cv_bytes_str(want)))
        fail_msg("%s: %.*s, not %s", text, (int)out.n, (const char *)out.p, want);
    cv_buf_free(&out);
}

/* Each row: what a name folds to, and how it may be spelled. */
static void test_together(void **state)
{
    static const struct {
        const char *folded, *spelled[8];
    } rows[] = {
        { "iovana", { "Јована", "Jovana", "JOVANA", "Yovana", "Iovana", "ＪＯＶＡＮＡ" } },
        { "hatuna", { "ხათუნა", "Khatuna", "Hatuna", "Хатуна", "Ḫatuna" } },
        { "stefan",
          { "Ștefan", "Şţefan", "Stefan", "S\xcc\xa6tefan", "Штефан",
            "Stef\xe2\x80\x8d"
            "an" } },
        { "serbakova", { "Щербакова", "Shcherbakova", "Scherbakova", "Szczerbakowa", "Ščerbakova" } },
        { "dorde", { "Đorđe", "Djordje", "Dorde", "Ђорђе", "ĐORĐE" } },
        { "iovanovic", { "Јовановић", "Jovanović", "Jovanovic", "Jovanovich", "Jovanovitch" } },
        { "cvetkova", { "Цветкова", "Tsvetkova", "Cvetkova", "Tzvetkova" } },
        { "tatiana", { "Татьяна", "Tatyana", "Tatiana", "Tatjana", "Tat’yana", "Tat'yana" } },
        { "elena", { "Елена", "Yelena", "Jelena", "Jелена", "Elena", "Єлена", "ელენა", "Eléna" } },
        { "fedor", { "Фёдор", "Федор", "Fedor", "Ф\xd0\xb5\xcc\x88\xd0\xb4ор" } },
        { "mihail", { "Михаил", "Mikhail", "Mihail", "Mihaïl" } },
        { "husein", { "Hussein", "Husein", "HUSSEİN" } },
        { "mahmud", { "Mahmoud", "Mahmood", "Mahmud", "Maḥmūd" } },
        { "hacatrian", { "Խաչատրյան", "Khachatryan", "Hacatrian", "Хачатрян" } },
        { "giorgos", { "Γιώργος", "Giorgos", "Giórgos" } },
        { "aigul", { "Айгүл", "Aygul", "Aigul", "Aygül" } },
        { "ceinka", { "Чейнка", "Čejnka", "Cheynka" } },
        { "bei ing", { "北京", "Bei Jing" } },
        { "kamala", { "কমলা", "Kamala" } },
        { "strase", { "Straße", "STRASSE", "strasse" } },
        { "fatmt", { "فاطمة" } }, /* short vowels are not written, and so not known */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t k = 0; k < 8 && rows[i].spelled[k] != NULL; k++)
            folds_to(*state, rows[i].spelled[k], rows[i].folded);
}

static void test_words(void **state)
{
    static const struct {
        const char *text, *folded;
    } rows[] = {
        { "", "" },
        { " \t .,;", "" },
        { "ь", "" },
        { "one,two;three", "one tvo tri" },
        { "Al-Masri O'Neil women’s", "al masri oneil vomens" },
        { "P-0044-771 AB1100Y", "p 0044 771 ab1100y" },
        { "٠٤٥ ५६", "045 56" },
        { "Belgrade, Београд", "belgrade beograd" },
        { "naïve\xc2\xa0words", "naive vords" },
        { "a\xf0\x9f\x98\x80"
          "b",
          "a b" },
        { "\xf0\x90\x90\xa8", "\xf0\x90\x90\xa8" }, /* Deseret: no rule knows it */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        folds_to(*state, rows[i].text, rows[i].folded);
}

/* Names that must stay apart. */
static void test_apart(void **state)
{
    static const char *const rows[][2] = {
        { "Jovana", "Ivana" },  { "Marija", "Marina" }, { "1100", "110" },
        { "Stefan", "Stojan" }, { "Ana", "Ina" },       { "AB11", "AB-11" },
    };
    struct cv_buf a = { 0 }, b = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        cv_buf_truncate(&a, 0);
        cv_buf_truncate(&b, 0);
        assert_ok(cv_fold(*state, cv_bytes_str(rows[i][0]), &a));
        assert_ok(cv_fold(*state, cv_bytes_str(rows[i][1]), &b));
        if (cv_bytes_equal(cv_buf_view(&a), cv_buf_view(&b)))
            fail_msg("%s and %s are one", rows[i][0], rows[i][1]);
    }
    cv_buf_free(&a);
    cv_buf_free(&b);
}

/* What begins like a word does so in its folded form, whatever letter follows. */
static void test_openings(void **state)
{
    static const char *const names[] = {
        "Khatuna",   "Shcherbakova", "Djordje",   "Contents",     "Schmidt",   "Philippa",  "Mahmoud",
        "Tsvetkova", "Marie",        "Victoria",  "Szczerbakowa", "Xhevahire", "Hussein",   "Oleksandra",
        "Щербакова", "XRS607679",    "wizzkid87", "philip7",      "Killa1",    "chris2000", "WX123AB"
    };
    struct cv_buf whole = { 0 }, openings = { 0 };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        cv_buf_truncate(&whole, 0);
        assert_ok(cv_fold(*state, cv_bytes_str(names[i]), &whole));
        for (size_t n = 1; n <= strlen(names[i]); n++) {
            bool opens = false;
            if (((uint8_t)names[i][n] & 0xc0) == 0x80)
                continue;
            cv_buf_truncate(&openings, 0);
            assert_ok(cv_fold_openings(*state, CV_BYTES(names[i], n), &openings));
            assert_ok(cv_buf_str(&openings, " "));
            for (size_t at = 0, from = 0; at < openings.n; at++)
                if (openings.p[at] == ' ') {
                    opens =
                        opens || (at - from <= whole.n && memcmp(whole.p, openings.p + from, at - from) == 0);
                    from = at + 1;
                }
            if (!opens)
                fail_msg("%.*s does not open %s: %.*s", (int)n, names[i], names[i], (int)openings.n,
                         (const char *)openings.p);
        }
    }
    cv_buf_free(&whole);
    cv_buf_free(&openings);
}

static void test_hostile(void **state)
{
    struct cv_buf out = { 0 }, text = { 0 };
    uint8_t *at = NULL;
    assert_status(cv_fold(*state, CV_LIT("caf\xe9"), &out), CV_ERR_FORMAT);
    assert_status(cv_fold(*state, CV_LIT("\xed\xa0\x80"), &out), CV_ERR_FORMAT);
    assert_int_equal(out.n, 0);
    assert_ok(cv_fold(*state, CV_LIT("a\0b"), &out));
    assert_bytes(cv_buf_view(&out), CV_LIT("a b"));
    cv_buf_truncate(&out, 0);
    for (size_t i = 0; i < 100000; i++) /* one word, in two letters that no rule makes one */
        assert_ok(cv_buf_str(&text, "жа"));
    assert_ok(cv_fold(*state, cv_buf_view(&text), &out));
    assert_true(out.n > 0 && out.n <= CV_FOLD_WORD_BYTES);
    cv_buf_truncate(&out, 0);
    cv_buf_truncate(&text, 0);
    for (size_t i = 0; i < 20000; i++) /* the ligature that NFKC makes 18 characters of */
        assert_ok(cv_buf_str(&text, "\xef\xb7\xba "));
    assert_ok(cv_fold(*state, cv_buf_view(&text), &out));
    assert_true(out.n > 20000);
    cv_buf_truncate(&out, 0);
    cv_buf_truncate(&text, 0);
    assert_ok(cv_buf_extend(&text, 5000, &at));
    memset(at, 'z', 5000);
    assert_ok(cv_fold(*state, cv_buf_view(&text), &out));
    assert_bytes(cv_buf_view(&out), CV_LIT("z"));
    cv_buf_free(&out);
    cv_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_together, make, end),
        cmocka_unit_test_setup_teardown(test_words, make, end),
        cmocka_unit_test_setup_teardown(test_apart, make, end),
        cmocka_unit_test_setup_teardown(test_openings, make, end),
        cmocka_unit_test_setup_teardown(test_hostile, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
