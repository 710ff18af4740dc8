/* Marks: what two records say alike, however it was typed. */
#include "vault/marks.h"
#include "test.h"
#include "vault/sound.h"

static struct cv_template *t;
static struct cv_folder *folder;

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_template_parse(cv_template_default_text(), &t, NULL));
    assert_ok(cv_folder_new(&folder));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_template_free(t);
    cv_folder_free(folder);
    return 0;
}

/* said(type, section, json, kind): the values of one kind, with semicolons, and the field of the first. */
static void said(const char *type, const char *section, const char *json, const char *kind, char *out,
                 size_t room, char *field)
{
    struct cv_json *data = NULL;
    struct cv_marks list = { 0 };
    assert_ok(cv_json_parse(cv_bytes_str(json), 1 << 20, "row", &data, NULL));
    assert_ok(cv_marks_add(folder, t, type, section, data, &list));
    out[0] = field[0] = '\0';
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.m[i].kind, kind) != 0)
            continue;
        if (out[0] == '\0')
            strcpy(field, list.m[i].field);
        const size_t n = strlen(out);
        snprintf(out + n, room - n, "%s%s", n > 0 ? ";" : "", list.m[i].value);
    }
    cv_marks_free(&list);
    cv_json_free(data);
}

#define ID "000000000000000000000000000"

static void test_values(void **state)
{
    static const struct {
        const char *type, *section, *json, *kind, *want, *field;
    } rows[] = {
        { "person", "contact", "{\"mobile_phone\":\"+381601234567\"}", "phone", "+381601234567",
          "mobile_phone" },
        { "person", "contact", "{\"email\":\" Ana.B@Example.org\"}", "account", "ANABEXAMPLEORG", "email" },
        { "person", "identity", "{\"identity_number\":\"01-02 03/x\"}", "document", "010203X",
          "identity_number" },
        { "person", "identity", "{\"documents\":[{\"kind\":\"Passport\",\"number\":\"PA 123-456\"}]}",
          "document", "PA123456", "documents.number" },
        /* Cyrillic letters that look as Latin ones; others by what they are. */
        { "person", "identity", "{\"identity_number\":\"РА 123456\"}", "document", "PA123456",
          "identity_number" },
        { "person", "identity", "{\"identity_number\":\"ра-123456\"}", "document", "PA123456",
          "identity_number" },
        { "person", "identity", "{\"identity_number\":\"БГ 123456\"}", "document", "BG123456",
          "identity_number" },
        { "person", "identity", "{\"identity_number\":\"unknown\"}", "document", "", "" },
        { "person", "identity", "{\"identity_number\":\"12\"}", "document", "", "" },
        { "person", "identity", "{\"first_name\":\"Јована\",\"second_name\":\"Петровић\"}", "name",
          "iovana petrovic", "first_name" },
        { "person", "identity", "{\"second_name\":\"Jovana\",\"first_name\":\"Petrović\"}", "name",
          "iovana petrovic", "first_name" },
        { "person", "identity", "{\"first_name\":\"Unknown\"}", "name", "", "" },
        { "person", "identity", "{\"also_known_as\":[\"Ana\",\"ana\",\"Mimi\"]}", "name", "ana;mimi",
          "also_known_as" },
        { "person", "identity", "{\"birth_date\":\"1999-03\"}", "birth", "1999-03", "birth_date" },
        { "person", "identity",
          "{\"first_name\":\"Jovana\",\"second_name\":\"Petrovic\",\"birth_date\":\"1999-30-01\"}", "sound",
          "ovn 1999-01-30;ovn ptrvc;ptrvc 1999-01-30", "first_name" },
        { "person", "identity", "{\"first_name\":\"Jovana\",\"birth_date\":\"1999\"}", "sound", "", "" },
        { "person", "contact", "{\"street\":\"Knez Mihailova 12\",\"city\":\"Beograd\"}", "address",
          "12 beograd knez mihailova", "street" },
        { "person", "contact", "{\"city\":\"Beograd\"}", "address", "", "" },
        { "person", "contact", "{\"shelter\":\"Knez Mihailova 12\"}", "address", "", "" },
        { "person", "exploitation",
          "{\"location_of_recruitment\":\"Chișinău\",\"location_of_exploitation\":\"Вена\"}", "route",
          "cisinau > vena", "location_of_recruitment" },
        { "person", "exploitation", "{\"location_of_exploitation\":\"Wien\"}", "route", "", "" },
        { "case", "exploitation", "{\"routes\":\"Minsk – Iasi - Wien\\nBy car, then to a flat.\"}", "route",
          "minsk > iasi;iasi > ven", "routes" },
        { "case", "exploitation", "{\"routes\":\"She was driven by night in a van - then sold.\"}", "route",
          "", "" },
        { "case", "exploitation", "{\"routes\":\" - \\n>\\n> > a\"}", "route", "", "" },
        { "case", "perpetrators",
          "{\"persons\":[{\"name\":\"Зоран Николић\",\"phone\":\"+38164000111\"},{\"name\":\"nikolic, "
          "ZORAN\","
          "\"vehicles\":[\"BG 123-АВ\"],\"accounts\":[\"https://www.fb.com/zoran\"]}]}",
          "perpetrator", "nikolic zoran", "persons.name" },
        { "case", "perpetrators", "{\"persons\":[{\"vehicles\":[\"bg 123-АВ\",\"BG123AB\"]}]}", "vehicle",
          "BG123AB", "persons.vehicles" },
        { "case", "perpetrators",
          "{\"persons\":[{\"accounts\":[\"https://www.fb.com/zoran\",\"FB.com/Zoran\"]}]}", "account",
          "FBCOMZORAN", "persons.accounts" },
        { "person", "admin", "{\"cases\":[\"" ID "\",\"nonsense\"]}", "ref", ID, "cases" },
        /* Not of their type, as a section that another template checked could be. */
        { "person", "contact", "{\"mobile_phone\":7,\"email\":{\"a\":[]},\"street\":null}", "phone", "", "" },
        { "person", "identity", "{\"documents\":\"PA123456\",\"first_name\":[\"Ana\"]}", "document", "", "" },
        { "nothing", "identity", "{\"first_name\":\"Ana\"}", "name", "", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char got[512], field[2 * CV_NAME_BYTES];
        said(rows[i].type, rows[i].section, rows[i].json, rows[i].kind, got, sizeof(got), field);
        if (strcmp(got, rows[i].want) != 0 || strcmp(field, rows[i].field) != 0)
            fail_msg("%s: %s is \"%s\" of %s", rows[i].json, rows[i].kind, got, field);
    }
}

/* Somebody's program may write what is too much: it costs no more than what is taken of it. */
static void test_many(void **state)
{
    struct cv_json *data = cv_json_object();
    struct cv_buf text = { 0 };
    struct cv_marks list = { 0 };
    (void)state;
    for (unsigned i = 0; i < 20000; i++)
        assert_ok(cv_buf_printf(&text, "a%u > b%u\n", i, i));
    assert_ok(cv_json_set(data, "routes", cv_json_strn(cv_buf_view(&text))));
    assert_ok(cv_marks_add(folder, t, "case", "exploitation", data, &list));
    assert_int_equal(list.count, 1000);
    assert_string_equal(list.m[999].value, "a999 > b999");
    cv_marks_free(&list);
    cv_json_free(data);
    cv_buf_truncate(&text, 0);
    for (unsigned i = 0; i < 60; i++)
        assert_ok(cv_buf_printf(&text, "b%cn%cr ", "aeiou"[i % 5], "aeiou"[i / 5 % 5]));
    data = cv_json_object();
    assert_ok(cv_json_set(data, "first_name", cv_json_strn(cv_buf_view(&text))));
    assert_ok(cv_marks_add(folder, t, "person", "identity", data, &list));
    assert_true(list.count <= 1 + 8 * 7 / 2);
    cv_marks_free(&list);
    cv_json_free(data);
    cv_buf_free(&text);
}

static void test_sound(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        { "elena", "ielena", true },     { "tereza", "theresa", true }, { "katarina", "catarina", true },
        { "mohamed", "muhamad", true },  { "ana", "hana", false },      { "iovan", "ivan", false },
        { "petrovic", "petrov", false }, { "filip", "philip", true },   { "max", "maks", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char a[CV_SOUND_BYTES], b[CV_SOUND_BYTES];
        cv_sound(cv_bytes_str(rows[i].a), a);
        cv_sound(cv_bytes_str(rows[i].b), b);
        if ((strcmp(a, b) == 0) != rows[i].same)
            fail_msg("%s sounds %s, %s sounds %s", rows[i].a, a, rows[i].b, b);
    }
    char longest[300], out[CV_SOUND_BYTES];
    memset(longest, 'k', sizeof(longest));
    for (size_t i = 0; i < sizeof(longest); i += 2)
        longest[i] = 'b';
    cv_sound(CV_BYTES(longest, sizeof(longest)), out);
    assert_int_equal(strlen(out), CV_SOUND_BYTES - 1);
    cv_sound(CV_LIT(""), out);
    assert_string_equal(out, "");
}

static void test_slips(void **state)
{
    static const struct {
        const char *a, *b;
        size_t most, want;
    } rows[] = {
        { "", "", 2, 0 },
        { "ana", "ana", 2, 0 },
        { "ana", "anna", 2, 1 },
        { "petrovic", "petrobic", 2, 1 },
        { "petrovic", "pertovic", 2, 1 },
        { "petrovic", "ivanovic", 9, 4 },
        { "petrovic", "ivanovic", 2, 3 },
        { "", "abc", 9, 3 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(cv_sound_slips(cv_bytes_str(rows[i].a), cv_bytes_str(rows[i].b), rows[i].most),
                         rows[i].want);
    char a[200], b[200];
    memset(a, 'a', sizeof(a));
    memset(b, 'a', sizeof(b));
    b[150] = 'b';
    assert_int_equal(cv_sound_slips(CV_BYTES(a, sizeof(a)), CV_BYTES(b, sizeof(b)), 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_sound),
        cmocka_unit_test(test_slips),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
