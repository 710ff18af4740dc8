#include "tests/unit/test.h"

#include "formats/columns.h"
#include "formats/columns_field.h"
#include "formats/csv.h"

/* Reading CSV piece by piece, and what columns and cells mean. */

static struct cv_template *t;

static int setup(void **state)
{
    (void)state;
    return cv_template_parse(cv_template_default_text(), &t, NULL) == CV_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cv_template_free(t);
    return 0;
}

/* ---- reading ---- */

/* note: "line:cell|cell;" of each row. */
static cv_status note(void *arg, const struct cv_csv_row *row, struct cv_err *err)
{
    struct cv_buf *out = arg;
    (void)err;
    cv_status st = cv_buf_printf(out, "%u:", (unsigned)row->line);
    for (size_t i = 0; i < row->count && st == CV_OK; i++) {
        st = i > 0 ? cv_buf_str(out, "|") : CV_OK;
        st = CV_THEN(st, cv_buf_append(out, row->cell[i]));
    }
    return CV_THEN(st, cv_buf_str(out, ";"));
}

/* read_in(text, piece, out, err): in pieces of so many bytes. */
static cv_status read_in(struct cv_bytes text, size_t piece, struct cv_buf *out, struct cv_err *err)
{
    struct cv_csv_reader *r = NULL;
    cv_status st = cv_csv_reader_new(',', note, out, &r);
    for (size_t at = 0; at < text.n && st == CV_OK; at += piece)
        st = cv_csv_read(r, CV_BYTES(text.p + at, text.n - at < piece ? text.n - at : piece), err);
    st = CV_THEN(st, cv_csv_end(r, err));
    cv_csv_reader_free(r);
    return st;
}

/* clang-format off */
#define TEXT(s) { s, sizeof(s) - 1 }
/* clang-format on */
static const struct {
    const char *name;
    struct {
        const char *p;
        size_t n;
    } text;
    const char *rows; /* NULL: refused, */
    cv_status st;
    const char *why; /* with these words */
} files[] = {
    { "plain", TEXT("a,b\n1,2\n"), "1:a|b;2:1|2;", CV_OK, NULL },
    { "no end of line", TEXT("a,b\n1,2"), "1:a|b;2:1|2;", CV_OK, NULL },
    { "CR LF", TEXT("a,b\r\n1,2\r\n"), "1:a|b;2:1|2;", CV_OK, NULL },
    { "CR alone", TEXT("a,b\r1,2\r3,4"), "1:a|b;2:1|2;3:3|4;", CV_OK, NULL },
    { "quoted", TEXT("\"a\",\"b \"\"x\"\"\"\n\"1,\n2\",3\n4,5\n"), "1:a|b \"x\";2:1,\n2|3;4:4|5;", CV_OK,
      NULL },
    { "blank lines", TEXT("\n\r\n  \na,b\n\n\n1,2\n\n"), "4:a|b;7:1|2;", CV_OK, NULL },
    { "spaces", TEXT(" a ,  b\n\" 1 \" , 2\n"), "1:a|b;2: 1 |2;", CV_OK, NULL },
    { "empty cells", TEXT(",\n,,x\n\"\",\n"), "1:|;2:||x;3:|;", CV_OK, NULL },
    { "UTF-8", TEXT("\xd0\x88\xd0\xbe,\xc3\xa9\n"), "1:\xd0\x88\xd0\xbe|\xc3\xa9;", CV_OK, NULL },
    { "nothing", TEXT(""), "", CV_OK, NULL },
    { "quote inside", TEXT("a,b\n1\"2,3\n"), NULL, CV_ERR_FORMAT,
      "line 2: a quotation mark that is neither" },
    { "after a quote", TEXT("a,b\n\"1\"2,3\n"), NULL, CV_ERR_FORMAT,
      "line 2: a quotation mark that is neither" },
    { "open", TEXT("a,b\n1,\"2\n3,4\n"), NULL, CV_ERR_FORMAT, "line 2: a quotation mark is opened here" },
    { "NUL", TEXT("a,b\n1,\0\n"), NULL, CV_ERR_FORMAT, "line 2: a NUL" },
    { "NUL in quotes", TEXT("a,b\n1,\"x\n\0\"\n"), NULL, CV_ERR_FORMAT, "line 2: a NUL" },
    { "not UTF-8", TEXT("a,b\n1,\xff\n"), NULL, CV_ERR_FORMAT, "line 2, column 2: not UTF-8" },
};

/* In whatever pieces a file comes, it says the same. */
static void pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        for (size_t piece = 1; piece <= files[i].text.n + 1; piece++) {
            struct cv_buf out = { 0 };
            struct cv_err err = { 0 };
            cv_status st = read_in(CV_BYTES(files[i].text.p, files[i].text.n), piece, &out, &err);
            if (st != files[i].st || (files[i].why != NULL && strstr(err.msg, files[i].why) == NULL))
                fail_msg("%s in pieces of %zu: %d, %s", files[i].name, piece, st, err.msg);
            if (files[i].rows != NULL)
                assert_bytes(cv_buf_view(&out), cv_bytes_str(files[i].rows));
            cv_buf_free(&out);
        }
}

/* filled(head, unit, n): ${head}, and ${n} times ${unit}. */
static struct cv_buf filled(const char *head, const char *unit, size_t n)
{
    struct cv_buf b = { 0 };
    assert_ok(cv_buf_str(&b, head));
    for (size_t i = 0; i < n; i++)
        assert_ok(cv_buf_str(&b, unit));
    return b;
}

#define X100                                                                                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

static void bounds(void **state)
{
    static const struct {
        const char *head, *unit;
        size_t n;
        cv_status st;
    } rows[] = {
        { "", "x,", CV_CSV_COLUMNS_MAX - 1, CV_OK },
        { "", "x,", CV_CSV_COLUMNS_MAX, CV_ERR_LIMIT },
        { "", "xxxxxxxxxx", 20000, CV_OK },
        { "", "xxxxxxxxxx", 27000, CV_ERR_LIMIT },
        { "\"", "xxxxxxxxxx", 27000, CV_ERR_LIMIT },
        { "", X1000 ",", 1020, CV_OK },
        { "", X1000 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,", 1020, CV_ERR_LIMIT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_buf text = filled(rows[i].head, rows[i].unit, rows[i].n), out = { 0 };
        assert_status(read_in(cv_buf_view(&text), 65536, &out, NULL), rows[i].st);
        cv_buf_free(&text);
        cv_buf_free(&out);
    }
}

static void delimiters(void **state)
{
    (void)state;
    assert_int_equal(cv_csv_delimiter(CV_LIT("a,b;c;d\n1,2,3,4,5")), ';');
    assert_int_equal(cv_csv_delimiter(CV_LIT("\"a;b;c\",d\n")), ',');
    assert_int_equal(cv_csv_delimiter(CV_LIT("a\tb\r\n")), '\t');
    assert_int_equal(cv_csv_delimiter(CV_LIT("a|b|c,d")), '|');
    assert_int_equal(cv_csv_delimiter(CV_LIT("a\n1,2")), 0);
    assert_int_equal(cv_csv_delimiter(CV_LIT("")), 0);
}

/* ---- headers ---- */

static const struct {
    const char *header;
    int what;
    const char *path, *choice;
    unsigned number;
} headers[] = {
    { "prs_FirstName", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "prs_First_Name", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { " First  name: ", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "data/prs_First_Name", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "data-prs_First_Name", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "data:identity:prs_First_Name", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "htcds_xlsform/prs_First_Name", MEANS_FIELD, "person.identity.first_name", NULL, 0 },
    { "Person/Identity/Family name", MEANS_FIELD, "person.identity.second_name", NULL, 0 },
    { "Contact/Mobile telephone", MEANS_FIELD, "person.contact.mobile_phone", NULL, 0 },
    { "Perpetrators/Persons/2/Role details", MEANS_FIELD, "case.perpetrators.persons.role_details", NULL, 2 },
    /* Whose is what stands in a group that is none of ours? */
    { "Mother/Family name", MEANS_NOTHING, NULL, NULL, 0 },
    { "Mother/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "data/Mother/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Mother/data/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Emergency contact/Mobile telephone", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker-prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker:prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker.prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker/2/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 },
    { "Perpetrators/prs_SecondName", MEANS_NOTHING, NULL, NULL, 0 }, /* a name of a victim's in theirs */
    { "Case/Family name", MEANS_NOTHING, NULL, NULL, 0 },
    { "Trafficker/vic_Methods_of_Control/DebtBondage", MEANS_NOTHING, NULL, NULL, 0 },
    { "vic_Methods_of_Control", MEANS_FIELD, "person.exploitation.methods_of_control", NULL, 0 },
    { "data/vic_Methods_of_Control/DebtBondage", MEANS_CHOICE, "person.exploitation.methods_of_control",
      "DebtBondage", 0 },
    { "Methods of Control/Debt bondage", MEANS_CHOICE, "person.exploitation.methods_of_control",
      "DebtBondage", 0 },
    { "vic_Methods_of_Control/Nonsense", MEANS_NOTHING, NULL, NULL, 0 },
    { "prs_Gender/Feminine", MEANS_NOTHING, NULL, NULL, 0 }, /* of which one alone may be chosen */
    { "Status", MEANS_FIELD, "case.admin.status", NULL, 0 },
    { "Trafficking Status", MEANS_FIELD, "person.exploitation.trafficking_status", NULL, 0 },
    { "per[2]/per_RoleDetails", MEANS_FIELD, "case.perpetrators.persons.role_details", NULL, 2 },
    { "per/3/per_RoleDetails", MEANS_FIELD, "case.perpetrators.persons.role_details", NULL, 3 },
    { "per_RoleDetails_4", MEANS_FIELD, "case.perpetrators.persons.role_details", NULL, 4 },
    { "person.identity.documents.number[2]", MEANS_FIELD, "person.identity.documents.number", NULL, 2 },
    { "person.risk.level", MEANS_FIELD, "person.risk.level", NULL, 0 },
    { "level", MEANS_NOTHING, NULL, NULL, 0 },               /* of a person or of a case? */
    { "person.coded.gender", MEANS_NOTHING, NULL, NULL, 0 }, /* filled by casevault */
    { "meta/instanceID", MEANS_UUID, NULL, NULL, 0 },
    { "KEY", MEANS_UUID, NULL, NULL, 0 },
    { "_uuid", MEANS_UUID, NULL, NULL, 0 },
    { "_id", MEANS_NUMBER, NULL, NULL, 0 },
    { "_submission_time", MEANS_SERVER, NULL, NULL, 0 },
    { "meta-instanceName", MEANS_SERVER, NULL, NULL, 0 },
    { "data/meta/instanceID", MEANS_UUID, NULL, NULL, 0 },
    { "Mother/instanceID", MEANS_NOTHING, NULL, NULL, 0 },
    { "start", MEANS_SERVER, NULL, NULL, 0 },
    { "week/end", MEANS_NOTHING, NULL, NULL, 0 },
    { "week-end", MEANS_NOTHING, NULL, NULL, 0 },
    { "PARENT_KEY", MEANS_PARENT, NULL, NULL, 0 },
    { "", MEANS_NOTHING, NULL, NULL, 0 },
    { "/", MEANS_NOTHING, NULL, NULL, 0 },
    { "[1]", MEANS_NOTHING, NULL, NULL, 0 },
    { "prs_", MEANS_NOTHING, NULL, NULL, 0 },
    { "99", MEANS_NOTHING, NULL, NULL, 0 },
};

static void meanings(void **state)
{
    struct places list = { 0 };
    (void)state;
    assert_ok(places_of(t, &list));
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct meaning m;
        char path[COLUMNS_PATH_BYTES] = "";
        meaning_of(&list, cv_bytes_str(headers[i].header), &m);
        if (m.place != NULL && m.what != MEANS_NOTHING)
            place_path(m.place, path);
        if ((int)m.what != headers[i].what || m.number != headers[i].number ||
            (headers[i].path != NULL && strcmp(path, headers[i].path) != 0) ||
            (headers[i].choice != NULL && (m.choice == NULL || strcmp(m.choice, headers[i].choice) != 0)))
            fail_msg("%s: %d, %s, %u", headers[i].header, (int)m.what, path, m.number);
    }
    places_free(&list);
}

/* Every name of the standard in the default template is found by itself, without its prefix or by its path.
 */
static void standard(void **state)
{
    struct places list = { 0 };
    char path[COLUMNS_PATH_BYTES];
    size_t found = 0;
    (void)state;
    assert_ok(places_of(t, &list));
    for (size_t i = 0; i < list.count; i++) {
        const struct cv_template_field *f = place_field(&list.p[i]);
        place_path(&list.p[i], path);
        assert_ptr_equal(places_find(&list, cv_bytes_str(path)), &list.p[i]);
        if (f->htcds == NULL)
            continue;
        assert_ptr_equal(places_find(&list, cv_bytes_str(f->htcds)), &list.p[i]);
        found++;
    }
    assert_true(found > 60);
    places_free(&list);
}

/* ---- there and back ---- */

static void no_fault(void *arg, const char *column, const char *why)
{
    (void)arg;
    fail_msg("%s: %s", column != NULL ? column : "row", why);
}

struct back {
    struct cv_columns *columns;
    struct cv_json *record;
};

static cv_status take_back(void *arg, const struct cv_csv_row *row, struct cv_err *err)
{
    struct back *b = arg;
    static const struct cv_columns_how how = { 0 };
    struct cv_taken taken;
    if (b->columns == NULL)
        return cv_columns_new(t, row, &how, &b->columns, err);
    cv_status st = cv_columns_take(b->columns, row, "", no_fault, NULL, &taken);
    assert_true(st != CV_OK || taken.own_ids);
    b->record = st == CV_OK ? cv_json_ref(cv_json_at(taken.records, 0)) : NULL;
    cv_json_free(taken.records);
    return st;
}

/* What goes out as CSV comes in as it was, however much it looks like a formula or like CSV. */
static void there_and_back(void **state)
{
    static const char *const records[] = {
        "{\"type\":\"case\",\"id\":\"00000000000000000000000000\",\"admin\":{\"case_number\":\"x\","
        "\"status\":\"Active\"},\"perpetrators\":{\"persons\":[{\"role\":[\"Smuggler\",\"Abuser\"]},{"
        "\"name\":\"Only a "
        "name\"},{\"phone\":\"+38160111222\"},{\"accounts\":[\"a;b\",\"c\\\\\",\"\\\\;\",\" d \",\" "
        "\"],\"vehicles\":[\"=1\",\"'+2\"]},{\"vehicles\":[\"'=x\"]},{\"address\":\"x;y\\\\\","
        "\"organisation\":\"x\"}]}}",
        "{\"type\":\"person\",\"id\":\"00000000000000000000000000\",\"admin\":{\"role\":\"Victim\"},"
        "\"identity\":{\"first_name\":\"  two  spaces \",\"middle_name\":\" "
        "\",\"second_name\":\"'@home'\",\"title\":\"'\",\"salutation\":\" "
        "'=x\",\"identity_number\":\"'''+1\"}}",
        "{\"type\":\"case\",\"id\":\"00000000000000000000000000\",\"admin\":{\"case_number\":\"x\\\\;\","
        "\"status\":\"Active\",\"incoming_referral_details\":\" \\tone\\r\\ntwo\\rthree \\n\\n\"}}",
        "{\"type\":\"case\",\"id\":\"00000000000000000000000000\",\"admin\":{\"case_number\":\" "
        "\",\"status\":\"Active\",\"incoming_referral_details\":\"\\r\\n=1\"}}",
        "{\"type\":\"person\",\"id\":\"00000000000000000000000000\",\"admin\":{\"role\":\"Victim\"},"
        "\"identity\":"
        "{\"first_name\":\"=1+1\",\"middle_name\":\"'=x\",\"second_name\":\"''@y\",\"citizenship\":[\"RS\","
        "\"MD\"],\"number_of_"
        "children\":-3,\"deceased\":false},\"contact\":{\"mobile_phone\":\"+38160111222\",\"street\":\"a,"
        "\\\"b\\\";c\"}}",
        "{\"type\":\"case\",\"id\":\"00000000000000000000000000\",\"admin\":{\"case_number\":\"-1\","
        "\"status\":\"Active\","
        "\"incoming_referral_details\":\"one\\n\\ntwo, "
        "\\\"three\\\"\"},\"perpetrators\":{\"persons\":[{\"role\":[\"Smuggler\"]},{"
        "\"organisation\":\"x\"}]}}",
    };
    struct cv_columns_writer *w = NULL;
    (void)state;
    assert_ok(cv_columns_writer_new(t, &w));
    for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        struct cv_buf text = { 0 };
        struct cv_json *record = NULL;
        struct back b = { 0 };
        struct cv_csv_reader *r = NULL;
        assert_ok(cv_json_parse(cv_bytes_str(records[i]), 65536, "record", &record, NULL));
        assert_ok(cv_columns_write(w, NULL, &text));
        assert_ok(cv_columns_write(w, record, &text));
        assert_ok(cv_csv_reader_new(',', take_back, &b, &r));
        assert_ok(cv_csv_read(r, cv_buf_view(&text), NULL));
        assert_ok(cv_csv_end(r, NULL));
        assert_true(cv_json_equal(b.record, record));
        cv_csv_reader_free(r);
        cv_columns_free(b.columns);
        cv_json_free(b.record);
        cv_json_free(record);
        cv_buf_free(&text);
    }
    cv_columns_writer_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces),   cmocka_unit_test(bounds),   cmocka_unit_test(delimiters),
        cmocka_unit_test(meanings), cmocka_unit_test(standard), cmocka_unit_test(there_and_back),
    };
    cv_json_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
