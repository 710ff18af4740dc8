/* Templates, record ids, synthetic cases: what a record may be. The command line's tests have the refusals by
 * message. */
#include "formats/template.h"
#include "formats/crockford.h"
#include "formats/utf8.h"
#include "test.h"

static struct cv_template *t;

static int setup(void **state)
{
    (void)state;
    assert_ok(cv_template_parse(cv_template_default_text(), &t, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cv_template_free(t);
    return 0;
}

/* The role matrix of the field: read by row, letters as in the template; a blank is no right. */
static void test_matrix(void **state)
{
    static const char *const roles[] = { "intake",  "protection", "medical",  "legal",
                                         "analyst", "auditor",    "custodian" };
    static const struct {
        const char *section;
        const char *rights[7];
    } rows[] = {
        { "admin", { "c", "rcex", "r", "rx", "", "", "" } },
        { "identity", { "c", "rcex", "r", "rx", "", "", "" } },
        { "contact", { "c", "rce", "", "", "", "", "" } },
        { "exploitation", { "c", "rcex", "", "rx", "", "", "" } },
        { "perpetrators", { "c", "rcex", "", "rx", "", "", "" } },
        { "testimony", { "c", "rcex", "", "rx", "", "", "" } },
        { "evidence", { "c", "rcex", "", "rx", "", "", "" } },
        { "medical", { "c", "", "rce", "", "", "", "" } },
        { "risk", { "c", "rcex", "r", "", "", "", "" } },
        { "consent", { "c", "rcex", "r", "rcex", "", "", "" } },
        { "legal", { "", "", "", "rce", "", "", "" } },
        { "coded", { "c", "ce", "", "", "r", "", "" } },
        { "audit", { "", "", "", "", "", "r", "" } },
        { "directory", { "r", "rce", "r", "r", "r", "r", "rce" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t r = 0; r < 7; r++) {
            unsigned want = 0;
            for (const char *c = rows[i].rights[r]; *c != '\0'; c++)
                want |= *c == 'r'   ? CV_RIGHT_READ
                        : *c == 'c' ? CV_RIGHT_CREATE
                        : *c == 'e' ? CV_RIGHT_EDIT
                                    : CV_RIGHT_EXPORT;
            assert_int_equal(cv_template_rights(t, rows[i].section, roles[r]), want);
        }
    assert_int_equal(cv_template_rights(t, "admin", "nobody"), 0);
    assert_int_equal(cv_template_rights(t, "nothing", "legal"), 0);
}

static void test_htcds(void **state)
{
    /* Core fields of the standard, by the name that imports and exports use. */
    static const char *const core[] = { "prs_Salutation",
                                        "prs_FirstName",
                                        "prs_SecondName",
                                        "prs_Birthdate",
                                        "prs_Gender",
                                        "prs_Citizenship",
                                        "prs_Title",
                                        "prs_Email",
                                        "prs_HomePhone",
                                        "prs_MobilePhone",
                                        "prs_MailingStreet",
                                        "prs_MailingCity",
                                        "prs_MailingState",
                                        "prs_MailingPostalCode",
                                        "prs_MailingCountry",
                                        "vic_TraffickingStatus",
                                        "vic_TraffickingStatusDecisionMakingOrg",
                                        "vic_MethodOfRecruitment",
                                        "vic_LocationOfRecruitment",
                                        "vic_LocationOfExploitation",
                                        "vic_MethodsOfControl",
                                        "vic_TypeOfExploitation",
                                        "vic_ForcedLabourIndustry",
                                        "vic_TypeOfSexExploitation",
                                        "per_RoleInProcess",
                                        "per_RoleDetails",
                                        "per_Organisation",
                                        "cas_Status",
                                        "cas_ReasonForCaseClosure",
                                        "cas_CaseOwner",
                                        "cas_ReferringOrganisation",
                                        "cas_IncomingReferralDate",
                                        "cas_ReferringPrimaryCaseWorker",
                                        "cas_ReasonForIncomingReferral",
                                        "cas_IncomingReferralDetails",
                                        "cas_ReferredOrganisation",
                                        "cas_ReferredPrimaryCaseWorker",
                                        "cas_ReasonForOutgoingReferral",
                                        "cas_OutgoingReferralDate",
                                        "cas_OutgoingReferralDetails",
                                        "cco_CaseComment",
                                        "hte_Date",
                                        "hte_Type",
                                        "hte_Description",
                                        "hte_Street",
                                        "hte_City",
                                        "hte_State",
                                        "hte_PostalCode",
                                        "hte_Country",
                                        "spl_Type",
                                        "spl_Objectives",
                                        "spl_ActionPlan",
                                        "spl_PlannedEndDate",
                                        "spl_ActualEndDate",
                                        "con_Consent",
                                        "org_Name",
                                        "org_ShippingStreet",
                                        "org_ShippingCity",
                                        "org_ShippingState",
                                        "org_ShippingPostalCode",
                                        "org_ShippingCountry",
                                        "org_Phone",
                                        "org_Type" };
    (void)state;
    for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++) {
        bool found = false;
        const char *type, *section;
        struct cv_template_field f;
        for (size_t a = 0; (type = cv_template_type(t, a)) != NULL; a++)
            for (size_t b = 0; (section = cv_template_type_section(t, type, b)) != NULL; b++)
                for (size_t c = 0; cv_template_field(t, type, section, c, &f); c++)
                    found = found || (f.htcds != NULL && strcmp(f.htcds, core[i]) == 0);
        if (!found)
            print_message("%s is missing\n", core[i]);
        assert_true(found);
    }
}

static void test_code(void **state)
{
    struct cv_json *record = NULL;
    (void)state;
    assert_ok(cv_json_parse(
        CV_LIT("{\"type\":\"person\",\"identity\":{\"birth_date\":\"1990-02-28\",\"gender\":\"Feminine\"},"
               "\"exploitation\":{\"type_of_exploitation\":[\"ForcedLabour\"]},\"coded\":{\"birth_year\":"
               "\"1800\"}}"),
        4096, "test", &record, NULL));
    assert_ok(cv_template_code(t, record, NULL));
    const struct cv_json *coded = cv_json_get(record, "coded");
    assert_string_equal(cv_json_get_str(coded, "birth_year"), "1990");
    assert_string_equal(cv_json_get_str(coded, "gender"), "Feminine");
    assert_int_equal(cv_json_len(cv_json_get(coded, "type_of_exploitation")), 1);
    assert_null(cv_json_get(coded, "citizenship"));
    assert_ok(cv_template_check(t, record, NULL));
    cv_json_free(record);
}

/* template_with(choices): the smallest template with one choice field, of ${choices} choices. */
static cv_status template_with(size_t choices)
{
    struct cv_buf text = { 0 };
    struct cv_template *made = NULL;
    assert_ok(cv_buf_str(
        &text,
        "{\"casevault\":\"template v1\",\"name\":\"t\",\"roles\":[\"custodian\"],\"sections\":{\"audit\":"
        "{\"rights\":{}},\"x\":{\"rights\":{}}},\"types\":{\"t\":{\"sections\":{\"x\":[{\"name\":"
        "\"f\",\"type\":\"choice\",\"choices\":["));
    for (size_t i = 0; i < choices; i++)
        assert_ok(cv_buf_printf(&text, "%s\"c%zu\"", i > 0 ? "," : "", i));
    assert_ok(cv_buf_str(&text, "]}]}}}}"));
    const cv_status st = cv_template_parse(cv_buf_view(&text), &made, NULL);
    cv_template_free(made);
    cv_buf_free(&text);
    return st;
}

static void test_choices(void **state)
{
    (void)state;
    assert_status(template_with(0), CV_ERR_FORMAT);
    assert_ok(template_with(1));
    assert_ok(template_with(1000));
    assert_status(template_with(1001), CV_ERR_FORMAT);
}

/* A name that no template could have is not repeated in the refusal: it may be what somebody said. */
static void test_no_echo(void **state)
{
    static const char *const rows[] = {
        "{\"type\":\"She said: help\"}",
        "{\"type\":\"person\",\"She said: help\":{}}",
        "{\"type\":\"person\",\"identity\":{\"She said: help\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_json *record = NULL;
        struct cv_err err = { 0 };
        assert_ok(cv_json_parse(cv_bytes_str(rows[i]), 4096, "test", &record, NULL));
        assert_status(cv_template_check(t, record, &err), CV_ERR_FORMAT);
        assert_null(strstr(err.msg, "help"));
        cv_json_free(record);
    }
}

static void test_codes(void **state)
{
    (void)state;
    assert_true(cv_template_codes(t, "person", "coded", "identity"));
    assert_true(cv_template_codes(t, "person", "coded", "exploitation"));
    assert_false(cv_template_codes(t, "person", "coded", "medical"));
    assert_false(cv_template_codes(t, "person", "identity", "coded"));
    assert_false(cv_template_codes(t, "person", "none", "identity"));
}

static void test_lookup(void **state)
{
    struct cv_template_field f;
    (void)state;
    assert_true(cv_template_field_named(t, "testimony", "testimony", "statements", &f));
    assert_true(f.elements && f.multi && f.max == 12);
    assert_false(cv_template_field_named(t, "person", "identity", "statements", &f));
    assert_int_equal(cv_template_fill(t, "testimony", "testimony"), 2);
    assert_int_equal(cv_template_fill(t, "dragon", "testimony"), 0);
    assert_string_equal(cv_template_label(t, "person", "identity", "first_name"), "First name");
    assert_string_equal(cv_template_label(t, "person", "identity", NULL), "Identity");
    assert_string_equal(cv_template_label(t, "person", NULL, NULL), "Person");
    assert_true(cv_template_profile_allows(t, "prosecution", "testimony", "statements"));
    assert_false(cv_template_profile_allows(t, "repatriation", "testimony", "statements"));
    assert_false(cv_template_profile_allows(t, "prosecution", "medical", "needs"));
}

static void test_ids(void **state)
{
    uint8_t id[CV_ID_BYTES], got[CV_ID_BYTES];
    char text[CV_ID_TEXT_BYTES];
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(id); i++)
            id[i] = (uint8_t)(round * 101 + i * 59 + (round >> 3));
        if (round < 2)
            memset(id, round == 0 ? 0 : 0xff, sizeof(id));
        cv_id_text(id, text);
        assert_int_equal(strlen(text), 27);
        assert_ok(cv_id_parse(cv_bytes_str(text), got, NULL));
        assert_memory_equal(got, id, sizeof(id));
        /* Any one digit typed wrong, any two neighbours swapped, is found. */
        for (size_t at = 0; at < 26; at++) {
            const char was = text[at];
            text[at] = was == 'Z'   ? '0'
                       : was == '9' ? 'A'
                       : was == 'H' ? 'J'
                       : was == 'K' ? 'M'
                       : was == 'N' ? 'P'
                       : was == 'T' ? 'V'
                                    : (char)(was + 1);
            assert_status(cv_id_parse(cv_bytes_str(text), got, NULL), CV_ERR_FORMAT);
            text[at] = was;
            if (at > 0 && text[at] != text[at - 1]) {
                const char left = text[at - 1];
                text[at - 1] = text[at];
                text[at] = left;
                assert_status(cv_id_parse(cv_bytes_str(text), got, NULL), CV_ERR_FORMAT);
                text[at] = text[at - 1];
                text[at - 1] = left;
            }
        }
        for (size_t cut = 0; cut < 27; cut++)
            assert_status(cv_id_parse(CV_BYTES(text, cut), got, NULL), CV_ERR_FORMAT);
    }
    assert_ok(cv_id_parse(CV_LIT("ooooo-ooooo-ooooo-ooooo-ooooo-oo"), got, NULL)); /* as people type zeros */
}

static void test_utf8(void **state)
{
    static const char *const bad[] = { "\x80",
                                       "\xc0\x80",
                                       "\xc1\xbf",
                                       "\xe0\x80\x80",
                                       "\xed\xa0\x80",
                                       "\xf0\x80\x80\x80",
                                       "\xf4\x90\x80\x80",
                                       "\xf8\x88\x80\x80\x80",
                                       "\xe2\x82",
                                       "\xff" };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(cv_utf8_valid(cv_bytes_str(bad[i])));
    assert_true(cv_utf8_valid(cv_bytes_str("Ș ხ Ј \xf0\x9f\x98\x80")));
    assert_int_equal(cv_utf8_count(cv_bytes_str("Хатуна")), 6);
    assert_false(cv_utf8_harmless(0x1b));
    assert_false(cv_utf8_harmless(0x9b));
    assert_false(cv_utf8_harmless(0x202e));
    assert_true(cv_utf8_harmless(0x10ee));
    assert_true(cv_utf8_harmless(0x200c)); /* Persian is written with it */
    assert_false(cv_utf8_harmless(0x200b));
    assert_true(cv_utf8_steers('\n') && cv_utf8_steers(0x2067) && cv_utf8_steers(0x2028));
    assert_false(cv_utf8_steers(0x200d) || cv_utf8_steers(0xa0) || cv_utf8_steers(0x10ffff));
    assert_int_equal(cv_utf8_columns(cv_bytes_str("\xe8\xa8\xbc e\xcc\x81")), 4);
    assert_int_equal(cv_utf8_fitting(cv_bytes_str("a\xe8\xa8\xbc"), 2).n, 1);
    assert_int_equal(cv_utf8_fitting(cv_bytes_str("\xe8\xa8\xbc"), 1).n, 3);
    assert_int_equal(cv_utf8_fitting(cv_bytes_str("\xff"), 1).n, 1);
}

/* By what a person tells records apart. */
static void test_titles(void **state)
{
    static const struct {
        const char *type, *section, *first, *second;
    } rows[] = { { "person", "identity", "first_name", "second_name" },
                 { "case", "admin", "case_number", NULL },
                 { "partner", "directory", "name", NULL },
                 { "staff", "directory", "name", NULL },
                 { "testimony", NULL, NULL, NULL },
                 { "dragon", NULL, NULL, NULL } };
    struct cv_template_field f;
    const char *section;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(cv_template_title(t, rows[i].type, 0, &section, &f), rows[i].first != NULL);
        if (rows[i].first == NULL)
            continue;
        assert_string_equal(section, rows[i].section);
        assert_string_equal(f.name, rows[i].first);
        assert_int_equal(cv_template_title(t, rows[i].type, 1, &section, &f), rows[i].second != NULL);
        if (rows[i].second != NULL)
            assert_string_equal(f.name, rows[i].second);
        assert_false(cv_template_title(t, rows[i].type, 2, &section, &f));
    }
    assert_true(cv_template_inner(t, "testimony", "testimony", "statements", 2, &f));
    assert_string_equal(f.label, "Words");
    assert_false(cv_template_inner(t, "testimony", "testimony", "statements", 5, &f));
    assert_false(cv_template_inner(t, "testimony", "testimony", "circumstances", 0, &f));
    assert_true(cv_template_profile_names(t, "repatriation", "medical", "needs"));
    assert_false(
        cv_template_profile_names(t, "repatriation", "admin", "case_number")); /* only by the asterisk */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix), cmocka_unit_test(test_htcds),   cmocka_unit_test(test_code),
        cmocka_unit_test(test_codes),  cmocka_unit_test(test_choices), cmocka_unit_test(test_no_echo),
        cmocka_unit_test(test_lookup), cmocka_unit_test(test_ids),     cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_titles),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
