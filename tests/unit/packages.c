/* Plans, approvals and packages by members who do not keep to the program: what stands in the log is signed
 * by a colleague, and is taken at nobody's word. */
#include "test.h"

#include <time.h>

#include "formats/date.h"
#include "vault/members.h"
#include "vault/notice.h"
#include "vault/package.h"

static char place[96], fingerprint[CV_FINGERPRINT_BYTES];
static struct cv_identity founder, intake, legal, protection;
static char the_case[CV_ID_TEXT_BYTES], person[CV_ID_TEXT_BYTES], testimony[CV_ID_TEXT_BYTES];
static char other_case[CV_ID_TEXT_BYTES], other[CV_ID_TEXT_BYTES], other_consent[CV_ID_TEXT_BYTES];
static char office[CV_ID_TEXT_BYTES], unsure[CV_ID_TEXT_BYTES], consent[CV_ID_TEXT_BYTES];
static struct cv_json *honest; /* a plan as the program makes it, with a consent that covers it */

static const char *in_place(const char *name)
{
    static char path[4][160];
    static unsigned at;
    char *out = path[at++ % 4];
    snprintf(out, sizeof(path[0]), "%s/%s", place, name);
    return out;
}

static void shell(const char *words, const char *from, const char *to)
{
    char command[512];
    snprintf(command, sizeof(command), "%s %s %s", words, from, to);
    assert_int_equal(system(command), 0);
}

static struct cv_vault *opened(const struct cv_identity *id)
{
    struct cv_err err = { 0 };
    struct cv_vault *v = NULL;
    if (cv_vault_open(in_place("vault"), fingerprint, id, &v, &err) != CV_OK)
        fail_msg("%s", err.msg);
    return v;
}

/* parsed("{'a':1}"): with apostrophes for quotes. */
static struct cv_json *parsed(const char *text)
{
    struct cv_json *v = NULL;
    char quoted[1024];
    snprintf(quoted, sizeof(quoted), "%s", text);
    for (char *p = quoted; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    assert_ok(cv_json_parse(cv_bytes_str(quoted), strlen(quoted), "test", &v, NULL));
    return v;
}

__attribute__((format(printf, 3, 4))) static void store(struct cv_vault *v, char id[static CV_ID_TEXT_BYTES],
                                                        const char *fmt, ...)
{
    char text[1024];
    struct cv_stored out;
    struct cv_err err = { 0 };
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    struct cv_json *record = parsed(text);
    if (cv_record_add(v, record, NULL, &out, &err) != CV_OK)
        fail_msg("%s: %s", err.msg, text);
    strcpy(id, out.id);
    cv_json_free(record);
}

/* ---- the vault ---- */

static void store_case(struct cv_vault *v, const char *name, char of[static CV_ID_TEXT_BYTES],
                       char who[static CV_ID_TEXT_BYTES])
{
    store(v, of, "{'type':'case','admin':{'case_number':'%s','status':'Active'}}", name);
    store(
        v, who,
        "{'type':'person','admin':{'role':'Victim','cases':['%s']},'identity':{'first_name':'%s'},'contact':{"
        "'shelter':'Blue House'}}",
        of, name);
}

static void store_consent(struct cv_vault *v, const char *who, const char *purpose, const char *to,
                          char id[static CV_ID_TEXT_BYTES])
{
    store(v, id,
          "{'type':'consent','consent':{'person':'%s','state':'Given','purpose':'%s','partner':'%s','"
          "sections':["
          "'admin','identity','testimony','exploitation'],'language':'rus','explained':'Read out.'}}",
          who, purpose, to);
}

static struct cv_json *planned(struct cv_vault *v, const char *of)
{
    struct cv_err err = { 0 };
    struct cv_plan plan = { 0 };
    const struct cv_package_request q = { .case_id = of, .partner = office, .profile = "prosecution" };
    if (cv_plan_make(v, &q, &plan, &err) != CV_OK)
        fail_msg("%s", err.msg);
    struct cv_json *doc = cv_json_copy(plan.doc);
    cv_plan_free(&plan);
    assert_non_null(doc);
    return doc;
}

static void join(struct cv_vault *v, const struct cv_identity *id, const char *role)
{
    const char *const roles[] = { role, NULL };
    struct cv_outcome outcome;
    assert_ok(cv_members_add(v, &id->public, roles, &outcome, NULL));
}

static int found(void **state)
{
    struct cv_identity *const all[] = { &founder, &intake, &legal, &protection };
    char more[CV_ID_TEXT_BYTES];
    (void)state;
    const char *dir = getenv("TMPDIR");
    snprintf(place, sizeof(place), "%s/casevault-unit-XXXXXX", dir != NULL ? dir : "/tmp");
    if (mkdtemp(place) == NULL)
        return -1;
    setenv("XDG_CACHE_HOME", in_place("cache"), 1);
    setenv("XDG_STATE_HOME", in_place("state"), 1);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_ok(cv_identity_new(true, all[i], NULL));
    assert_ok(cv_vault_init(in_place("vault"), cv_template_default_text(), &founder, NULL));
    struct cv_vault *v = opened(&founder);
    cv_vault_fingerprint(cv_vault_policy(v)->vault, fingerprint);
    join(v, &intake, "intake");
    join(v, &legal, "legal");
    join(v, &protection, "protection");
    store(v, office, "{'type':'partner','directory':{'name':'Office','age_recipient':'passphrase'}}");
    store(
        v, unsure,
        "{'type':'partner','directory':{'name':'Unsure','age_recipient':'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3"
        "j2elw8zmrj2kudpa6s5sg68t77'}}");
    store_case(v, "Ana", the_case, person);
    store_case(v, "Mira", other_case, other);
    store(v, testimony,
          "{'type':'testimony','admin':{'case':'%s','person':'%s'},'testimony':{'statements':[{'text':'One.'}"
          "]}}",
          the_case, person);
    store_consent(v, person, "Prosecution", office, consent);
    store_consent(v, person, "Prosecution", unsure, more);
    store_consent(v, other, "Referral", unsure, other_consent);
    cv_vault_close(v);
    v = opened(&legal);
    honest = planned(v, the_case);
    cv_vault_close(v);
    shell("mv", in_place("vault"), in_place("base"));
    return 0;
}

static int gone(void **state)
{
    (void)state;
    cv_identity_free(&founder);
    cv_identity_free(&intake);
    cv_identity_free(&legal);
    cv_identity_free(&protection);
    cv_json_free(honest);
    shell("rm -rf", place, "");
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    shell("rm -rf", in_place("vault"), in_place("state"));
    shell("cp -r", in_place("base"), in_place("vault"));
    return 0;
}

/* forge(who, about, doc): put a notice into the log, signed by them. */
static void forge(const struct cv_identity *who, const char *about, const struct cv_json *doc)
{
    struct cv_vault *v = opened(who);
    assert_ok(cv_vault_begin(v, NULL));
    assert_ok(cv_notice_add(v, about, the_case, doc, NULL));
    assert_ok(cv_vault_commit(v, NULL));
    cv_vault_close(v);
}

static const char *number(const struct cv_json *doc)
{
    return cv_json_get_str(doc, "package");
}

/* makes(who, id, err): what `package write` says to it. */
static cv_status makes(const struct cv_identity *who, const char *id, struct cv_err *err)
{
    struct cv_dispatches list;
    struct cv_outgoing out = { 0 };
    *err = (struct cv_err){ 0 };
    struct cv_vault *v = opened(who);
    cv_status st = cv_dispatches(v, id, &list, err);
    st = CV_THEN(st, cv_outgoing_make(v, &list.d[0], NULL, &out, err));
    if (st == CV_OK)
        cv_outgoing_free(&out);
    cv_dispatches_free(&list);
    cv_vault_close(v);
    return st;
}

/* ---- what is honest ---- */

static cv_status take_in(void *arg, struct cv_bytes bytes, struct cv_err *err)
{
    return cv_err_note(err, cv_buf_append(arg, bytes), "test");
}

/* judged(out): what its recipient finds. */
static void judged(const struct cv_outgoing *out)
{
    struct cv_zip *zip = NULL;
    struct cv_buf whole = { 0 };
    struct cv_package_reader *r = NULL;
    const struct cv_package *p = NULL;
    struct cv_json *files = NULL;
    struct cv_package_verdict v = { 0 };
    char today[CV_DATE_BYTES];
    cv_date_today(0, today);
    assert_ok(cv_zip_new(&zip));
    assert_ok(cv_package_zip(&out->package, zip, &whole, NULL));
    assert_ok(cv_package_close(zip, take_in, &whole, NULL));
    assert_ok(cv_package_reader_new(&r));
    for (size_t i = 0; i < whole.n; i += 7)
        assert_ok(cv_package_read(r, CV_BYTES(whole.p + i, whole.n - i < 7 ? whole.n - i : 7), NULL));
    assert_ok(cv_package_end(r, &p, &files, NULL));
    assert_ok(cv_package_judge(p, files, (int64_t)time(NULL), today, &v));
    for (size_t i = 0; i < CV_CHECK_COUNT; i++)
        if (v.checks[i].done && v.checks[i].status != CV_OK)
            fail_msg("%s: %s", cv_package_check_name((enum cv_package_check)i), v.checks[i].why);
    assert_true(v.checks[CV_CHECK_PROOFS].done && v.checks[CV_CHECK_EXPIRY].done);
    cv_package_verdict_free(&v);
    cv_json_free(files);
    cv_package_reader_free(r);
    cv_buf_free(&whole);
    cv_zip_free(zip);
}

/* The plan as the program made it is made, and holds; of two who make it at once one comes too late. */
static void made_once(void **state)
{
    struct cv_dispatches mine, theirs;
    struct cv_outgoing one = { 0 }, two = { 0 };
    struct cv_err err = { 0 };
    (void)state;
    forge(&legal, "disclose", honest);
    struct cv_vault *v = opened(&legal), *w = opened(&protection);
    assert_ok(cv_dispatches(v, number(honest), &mine, NULL));
    assert_ok(cv_dispatches(w, number(honest), &theirs, NULL));
    if (cv_outgoing_make(v, &mine.d[0], NULL, &one, &err) != CV_OK ||
        cv_outgoing_seal(v, &one, NULL, 0, &err) != CV_OK)
        fail_msg("%s", err.msg);
    judged(&one);
    assert_ok(cv_outgoing_make(w, &theirs.d[0], NULL, &two, NULL));
    assert_ok(cv_outgoing_seal(w, &two, NULL, 0, NULL));
    assert_ok(cv_outgoing_sent(v, &mine.d[0], &one, NULL, NULL));
    assert_status(cv_outgoing_sent(w, &theirs.d[0], &two, NULL, &err), CV_ERR_EXISTS);
    assert_non_null(strstr(err.msg, "just now"));
    cv_outgoing_free(&one);
    cv_outgoing_free(&two);
    cv_dispatches_free(&mine);
    cv_dispatches_free(&theirs);
    cv_vault_close(v);
    cv_vault_close(w);
    assert_status(makes(&legal, number(honest), &err), CV_ERR_EXISTS);
}

/* ---- forged plans ---- */

static struct cv_json *item(struct cv_json *doc, const char *id)
{
    struct cv_json *items = cv_json_get(doc, "items");
    for (size_t i = 0; i < cv_json_len(items); i++)
        if (strcmp(cv_json_get_str(cv_json_at(items, i), "record"), id) == 0)
            return cv_json_at(items, i);
    fail_msg("no item %s", id);
    return NULL;
}

static void set(struct cv_json *o, const char *name, struct cv_json *value)
{
    assert_ok(cv_json_set(o, name, value));
}

static void set_text(struct cv_json *o, const char *name, const char *text)
{
    set(o, name, cv_json_str(text));
}

static void no_needs(struct cv_json *doc)
{
    for (size_t i = 0; i < cv_json_len(cv_json_get(doc, "items")); i++) {
        set(cv_json_at(cv_json_get(doc, "items"), i), "needs", cv_json_array());
        set(cv_json_at(cv_json_get(doc, "items"), i), "subjects", cv_json_array());
    }
    set(doc, "missing", cv_json_array());
}

static struct cv_json *list_of(const char *word)
{
    struct cv_json *list = cv_json_array();
    assert_ok(cv_json_push(list, cv_json_str(word)));
    return list;
}

static void add_item(struct cv_json *doc, const char *id, const char *type, const char *field)
{
    struct cv_json *o = cv_json_object();
    set_text(o, "record", id);
    set(o, "version", cv_json_int(1));
    set_text(o, "type", type);
    set(o, "fields", list_of(field));
    set(o, "subjects", list_of(person));
    set(o, "needs", list_of("identity"));
    assert_ok(cv_json_push(cv_json_get(doc, "items"), o));
}

static void to_other_case(struct cv_json *doc)
{
    add_item(doc, other, "person", "/identity/first_name");
}
static void to_other_consent(struct cv_json *doc)
{
    add_item(doc, other_consent, "consent", "/consent/state");
}
static void to_consent_as_case(struct cv_json *doc)
{
    add_item(doc, other_consent, "case", "/admin/case_number");
}
static void to_person_as_consent(struct cv_json *doc)
{
    add_item(doc, other, "consent", "/consent/state");
}
static void of_another_case(struct cv_json *doc)
{
    set_text(doc, "record", other_case);
}
static void about_no_case(struct cv_json *doc)
{
    set_text(doc, "record", person);
}
static void for_another_purpose(struct cv_json *doc)
{
    set_text(doc, "purpose", "Referral");
}
static void under_no_profile(struct cv_json *doc)
{
    set_text(doc, "profile", "everything");
}
static void under_another_profile(struct cv_json *doc)
{
    set_text(doc, "profile", "statistics");
    set_text(doc, "purpose", "Statistics");
}
static void with_shelter(struct cv_json *doc)
{
    set(item(doc, person), "fields", list_of("/contact/shelter"));
}
static void with_whole_section(struct cv_json *doc)
{
    set(item(doc, person), "fields", list_of("/identity"));
}
/* also(o, pointer): one field more of the sections that go anyway. */
static void also(struct cv_json *o, const char *pointer)
{
    struct cv_json *list = cv_json_copy(cv_json_get(o, "fields"));
    assert_ok(cv_json_push(list, cv_json_str(pointer)));
    set(o, "fields", list);
}
/* covered(doc): as if the testimony had been asked for with its consent. */
static void covered(struct cv_json *doc)
{
    struct cv_json *list = cv_json_copy(cv_json_get(doc, "consents"));
    assert_ok(cv_json_push(cv_json_get(cv_json_at(list, 0), "sections"), cv_json_str("testimony")));
    set(doc, "consents", list);
}
static void with_all_statements(struct cv_json *doc)
{
    covered(doc);
    also(item(doc, testimony), "/testimony/statements");
}
static void with_a_statement_far_out(struct cv_json *doc)
{
    covered(doc);
    also(item(doc, testimony), "/testimony/statements/9");
}
static void with_a_field_of_none(struct cv_json *doc)
{
    set(item(doc, person), "fields", list_of("/identity/secrets"));
}
static void to_another_key(struct cv_json *doc)
{
    struct cv_json *to = cv_json_copy(cv_json_get(doc, "partner"));
    set_text(to, "recipient", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudpa6s5sg68t77");
    set(doc, "partner", to);
}
static void to_a_key_not_confirmed(struct cv_json *doc)
{
    struct cv_json *to = cv_json_object();
    set_text(to, "name", "Unsure");
    set_text(to, "record", unsure);
    set_text(to, "recipient", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudpa6s5sg68t77");
    set(doc, "partner", to);
}
static void over(struct cv_json *doc)
{
    set_text(doc, "until", "2020-01-01");
}
static void of_version_9(struct cv_json *doc)
{
    set(item(doc, person), "version", cv_json_int(9));
}

/* Whoever may send something signs a plan that no program would make: it is not made. */
static void forged_plans(void **state)
{
    static const struct {
        void (*change)(struct cv_json *doc);
        cv_status st;
        const char *words;
    } rows[] = {
        { to_other_case, CV_ERR_CONSENT, "does not belong to its case" },
        { to_other_consent, CV_ERR_CONSENT, "not those that it was asked for with" },
        { to_consent_as_case, CV_ERR_CONSENT, "does not belong to its case" },
        { to_person_as_consent, CV_ERR_CONSENT, "does not belong to its case" },
        { of_another_case, CV_ERR_CONSENT, "does not belong to its case" },
        { about_no_case, CV_ERR_ARG, "name the case" },
        { for_another_purpose, CV_ERR_CONSENT, "not for this purpose" },
        { under_no_profile, CV_ERR_CONSENT, "not for this purpose" },
        { under_another_profile, CV_ERR_CONSENT, "does not belong to its case" },
        { with_shelter, CV_ERR_CONSENT, "for the section contact" },
        { with_whole_section, CV_ERR_ARG, "does not have" },
        { with_all_statements, CV_ERR_ARG, "does not have" },
        { with_a_statement_far_out, CV_ERR_NOTFOUND, "statements/9" },
        { with_a_field_of_none, CV_ERR_ARG, "does not have" },
        { to_another_key, CV_ERR_CONSENT, "name or key was changed" },
        { to_a_key_not_confirmed, CV_ERR_ARG, "not confirmed" },
        { over, CV_ERR_CONSENT, "its day is over" },
        { of_version_9, CV_ERR_NOTFOUND, "version 9" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cv_err err;
        struct cv_json *doc = cv_json_copy(honest);
        fresh(NULL);
        rows[i].change(doc);
        forge(&legal, "disclose", doc);
        const cv_status st = makes(&protection, number(doc), &err);
        if (st != rows[i].st || strstr(err.msg, rows[i].words) == NULL)
            fail_msg("row %zu: status %d: %s", i, (int)st, err.msg);
        cv_json_free(doc);
    }
}

/* A legal basis opens what consent does not, and nothing that the profile does not carry. */
static void basis_is_no_right(void **state)
{
    struct cv_err err;
    struct cv_json *doc = cv_json_copy(honest);
    (void)state;
    set_text(doc, "basis", "Article 1");
    with_shelter(doc);
    forge(&legal, "disclose", doc);
    assert_status(makes(&protection, number(doc), &err), CV_ERR_DENIED);
    assert_non_null(strstr(err.msg, "none of your roles may send contact.shelter"));
    cv_json_free(doc);
}

/* What nobody consented to: the plan says that nobody is asked, or that somebody else is. */
static void needs_nobody(void **state)
{
    struct cv_err err;
    (void)state;
    struct cv_vault *v = opened(&legal);
    struct cv_json *doc = planned(v, other_case);
    cv_vault_close(v);
    assert_true(cv_json_len(cv_json_get(doc, "missing")) > 0);
    set_text(doc, "record", other_case);
    for (int round = 0; round < 2; round++) {
        fresh(NULL);
        no_needs(doc);
        if (round == 1)
            set(item(doc, other), "subjects", list_of(person));
        forge(&legal, "disclose", doc);
        assert_status(makes(&protection, number(doc), &err), CV_ERR_CONSENT);
        if (strstr(err.msg, "consent is missing of") == NULL || strstr(err.msg, other) == NULL)
            fail_msg("%s", err.msg);
    }
    cv_json_free(doc);
}

/* ---- plans that are none ---- */

static void no_id(struct cv_json *doc)
{
    set_text(doc, "package", "\x1b[2J");
}
static void id_as_typed(struct cv_json *doc)
{
    char small[CV_ID_TEXT_BYTES];
    snprintf(small, sizeof(small), "%s", number(doc));
    for (char *p = small; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    set_text(doc, "package", small);
}
static void purpose_steers(struct cv_json *doc)
{
    set_text(doc, "purpose", "\x1b]0;owned\x07");
}
static void bidi(struct cv_json *doc)
{
    set_text(doc, "profile",
             "\xe2\x80\xae"
             "x");
}
static void case_steers(struct cv_json *doc)
{
    set_text(doc, "record", "\n\n");
}
static void time_steers(struct cv_json *doc)
{
    set_text(doc, "time", "\x1b[1m");
}
static void no_day(struct cv_json *doc)
{
    set_text(doc, "until", "zzzz");
}
static void never_over(struct cv_json *doc)
{
    set_text(doc, "expires", "9");
}
static void no_items(struct cv_json *doc)
{
    set(doc, "items", cv_json_array());
}
static void items_of_words(struct cv_json *doc)
{
    set(doc, "items", list_of("x"));
}
static void item_twice(struct cv_json *doc)
{
    struct cv_json *items = cv_json_get(doc, "items");
    assert_ok(cv_json_push(items, cv_json_copy(cv_json_at(items, 0))));
}
static void no_fields(struct cv_json *doc)
{
    set(item(doc, person), "fields", cv_json_array());
}
static void fields_of_numbers(struct cv_json *doc)
{
    struct cv_json *list = cv_json_array();
    assert_ok(cv_json_push(list, cv_json_int(1)));
    set(item(doc, person), "fields", list);
}
static void version_0(struct cv_json *doc)
{
    set(item(doc, person), "version", cv_json_int(0));
}
static void version_a_word(struct cv_json *doc)
{
    set_text(item(doc, person), "version", "1");
}
static void needs_an_object(struct cv_json *doc)
{
    set(item(doc, person), "needs", cv_json_object());
}
static void partner_a_word(struct cv_json *doc)
{
    set_text(doc, "partner", "x");
}
static void partner_by_name(struct cv_json *doc)
{
    struct cv_json *to = cv_json_copy(cv_json_get(doc, "partner"));
    set_text(to, "record", "Office");
    set(doc, "partner", to);
}
static void consent_of_numbers(struct cv_json *doc)
{
    struct cv_json *list = cv_json_array(),
                   *o = parsed("{'person':'x','record':'x','version':1,'sections':[1]}");
    assert_ok(cv_json_push(list, o));
    set(doc, "consents", list);
}
static void no_basis(struct cv_json *doc)
{
    set(doc, "basis", cv_json_null());
}

/* What is no plan is passed over: it is not shown, and hides none. */
static void no_plans(void **state)
{
    static void (*const changes[])(struct cv_json *) = {
        no_id,
        id_as_typed,
        purpose_steers,
        bidi,
        case_steers,
        time_steers,
        no_day,
        never_over,
        no_items,
        items_of_words,
        item_twice,
        no_fields,
        fields_of_numbers,
        version_0,
        version_a_word,
        needs_an_object,
        partner_a_word,
        partner_by_name,
        consent_of_numbers,
        no_basis,
    };
    struct cv_dispatches list;
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct cv_json *doc = cv_json_copy(honest);
        changes[i](doc);
        forge(&legal, "disclose", doc);
        cv_json_free(doc);
    }
    struct cv_vault *v = opened(&protection);
    assert_ok(cv_dispatches(v, NULL, &list, NULL));
    for (size_t i = 0; i < list.count; i++) {
        struct cv_buf text = { 0 };
        assert_ok(cv_json_write(list.d[i].doc, &text));
        fail_msg("%.*s", (int)text.n, (const char *)text.p);
    }
    cv_vault_close(v);
    forge(&legal, "disclose", honest);
    struct cv_err err;
    assert_ok(makes(&protection, number(honest), &err));
}

/* An empty pointer, and one without an end. */
static void odd_pointers(void **state)
{
    static const char *const pointers[] = { "",
                                            "/",
                                            "//",
                                            "/identity/",
                                            "/identity/first_name/",
                                            "identity",
                                            "/identity/first_name/0",
                                            "/testimony/statements/00000000000001" };
    (void)state;
    for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
        struct cv_err err;
        struct cv_json *doc = cv_json_copy(honest);
        fresh(NULL);
        set_text(doc, "basis", "Article 1"); /* consent is not what stops it */
        set(item(doc, person), "fields", list_of(pointers[i]));
        forge(&legal, "disclose", doc);
        const cv_status st = makes(&protection, number(doc), &err);
        if (st != CV_ERR_ARG && st != CV_ERR_CONSENT) /* of other sections, other consents */
            fail_msg("%s: status %d: %s", pointers[i], (int)st, err.msg);
        cv_json_free(doc);
    }
}

/* ---- by whom ---- */

/* Somebody who may send nothing asks for nothing, however they do it; nor do they say that it was made. */
static void asked_by_nobody(void **state)
{
    struct cv_err err;
    uint8_t hash[32];
    struct cv_json *made = cv_json_object();
    struct cv_dispatches list;
    (void)state;
    forge(&intake, "disclose", honest);
    assert_status(makes(&legal, number(honest), &err), CV_ERR_NOTFOUND);
    forge(&legal, "disclose", honest); /* and the number is not taken */
    struct cv_vault *v = opened(&legal);
    assert_ok(cv_dispatches(v, number(honest), &list, NULL));
    assert_string_equal(list.d[0].by, legal.public.pseudonym);
    assert_ok(cv_plan_hash(list.d[0].doc, hash));
    cv_dispatches_free(&list);
    cv_vault_close(v);
    set_text(made, "package", number(honest));
    set(made, "plan", cv_json_b64u(CV_ARR(hash)));
    forge(&intake, "package", made);
    assert_ok(makes(&legal, number(honest), &err));
    forge(&protection, "package", made);
    assert_status(makes(&legal, number(honest), &err), CV_ERR_EXISTS);
    cv_json_free(made);
}

static void approvals(struct cv_vault *v, int n)
{
    const struct cv_rules rules = { .package_quorum = n, .reason_required = -1 };
    struct cv_outcome outcome;
    struct cv_err err = { 0 };
    if (cv_members_rules(v, &rules, &outcome, &err) != CV_OK)
        fail_msg("%s", err.msg);
}

static void plan_of(const char *id, uint8_t hash[static 32])
{
    struct cv_dispatches list;
    struct cv_vault *v = opened(&legal);
    assert_ok(cv_dispatches(v, id, &list, NULL));
    assert_ok(cv_plan_hash(list.d[0].doc, hash));
    cv_dispatches_free(&list);
    cv_vault_close(v);
}

/* An approval is by somebody else who may send, of just this plan, where it stands. */
static void forged_approvals(void **state)
{
    struct cv_err err;
    uint8_t hash[32];
    struct cv_json *agreed = cv_json_object(), *twin = cv_json_copy(honest);
    (void)state;
    struct cv_vault *v = opened(&founder);
    approvals(v, 1);
    cv_vault_close(v);
    forge(&legal, "disclose", honest);
    plan_of(number(honest), hash);
    set_text(agreed, "package", number(honest));
    set(agreed, "plan", cv_json_b64u(CV_ARR(hash)));
    forge(&legal, "agree", agreed);
    forge(&intake, "agree", agreed);
    assert_status(makes(&legal, number(honest), &err), CV_ERR_CONSENT);
    assert_non_null(strstr(err.msg, "it has 0 of the 1 approval"));
    hash[0] ^= 1;
    set(agreed, "plan", cv_json_b64u(CV_ARR(hash)));
    forge(&protection, "agree", agreed);
    set(agreed, "plan", cv_json_int(1));
    forge(&protection, "agree", agreed);
    hash[0] ^= 1;
    set(agreed, "plan", cv_json_b64u(CV_ARR(hash)));
    set(agreed, "entry", cv_json_int(7)); /* as if it stood elsewhere */
    forge(&protection, "agree", agreed);
    assert_ok(cv_json_del(agreed, "entry"));
    set_text(agreed, "member", protection.public.pseudonym); /* signed by another */
    forge(&intake, "agree", agreed);
    forge(&legal, "agree", agreed);
    assert_ok(cv_json_del(agreed, "member"));
    assert_status(makes(&legal, number(honest), &err), CV_ERR_CONSENT);
    forge(&protection, "agree", agreed);
    /* The same number asked for once more, with something else in it, is not what was approved. */
    with_shelter(twin);
    forge(&legal, "disclose", twin);
    assert_ok(makes(&legal, number(honest), &err));
    /* Who approves must still be able to. */
    v = opened(&founder);
    struct cv_outcome outcome;
    assert_ok(cv_members_remove(v, protection.public.pseudonym, &outcome, NULL));
    cv_vault_close(v);
    assert_status(makes(&legal, number(honest), &err), CV_ERR_CONSENT);
    cv_json_free(agreed);
    cv_json_free(twin);
}

/* ---- consent ---- */

static void says(struct cv_vault *v, const char *state, const char *sections)
{
    char id[CV_ID_TEXT_BYTES];
    store(v, id,
          "{'type':'consent','consent':{'person':'%s','state':'%s','purpose':'Repatriation','partner':'%s',"
          "'sections':[%s],'language':'rus','explained':'Read out.'}}",
          person, state, office, sections);
}

static size_t missing(struct cv_vault *v)
{
    struct cv_err err = { 0 };
    struct cv_plan plan = { 0 };
    const struct cv_package_request q = { .case_id = the_case, .partner = office, .profile = "repatriation" };
    if (cv_plan_make(v, &q, &plan, &err) != CV_OK)
        fail_msg("%s", err.msg);
    const size_t n = cv_json_len(cv_json_get(plan.doc, "missing"));
    cv_plan_free(&plan);
    return n;
}

/* A refusal ends a consent, also that of a section which needs one of its own, though it names others, too.
 */
static void refused_with_others(void **state)
{
    char id[CV_ID_TEXT_BYTES];
    (void)state;
    struct cv_vault *v = opened(&founder);
    store(v, id, "{'type':'person','admin':{'role':'Victim','cases':['%s']},'medical':{'needs':'insulin'}}",
          the_case);
    strcpy(person, id); /* of the two victims the one with needs */
    says(v, "Given", "'admin','identity'");
    says(v, "Given", "'medical'");
    const size_t before = missing(v);
    says(v, "Refused", "'identity','medical'");
    assert_int_equal(missing(v), before + 1); /* medical; nothing of identity is in it */
    cv_vault_close(v);
}

/* ---- names ---- */

/* A partner's name is cut, where an event has no room for it, between two letters. */
static void long_name(void **state)
{
    static const char name[] =
        "A\xd0\x9c\xd0\xb8\xd0\xbd\xd0\xb8\xd1\x81\xd1\x82\xd0\xb5\xd1\x80\xd1\x81\xd1\x82"
        "\xd0\xb2\xd0\xbe";
    char whole[400] = "", to[CV_ID_TEXT_BYTES], id[CV_ID_TEXT_BYTES];
    struct cv_err err = { 0 };
    struct cv_plan plan = { 0 };
    (void)state;
    for (int i = 0; i < 8; i++)
        strcat(whole, name + (i > 0));
    struct cv_vault *v = opened(&founder);
    store(v, to, "{'type':'partner','directory':{'name':'%s','age_recipient':'passphrase'}}", whole);
    store_consent(v, person, "Prosecution", to, id);
    const struct cv_package_request q = { .case_id = the_case, .partner = to, .profile = "prosecution" };
    if (cv_plan_make(v, &q, &plan, &err) != CV_OK || cv_plan_ask(v, &plan, NULL, &err) != CV_OK)
        fail_msg("%s", err.msg);
    cv_plan_free(&plan);
    cv_vault_close(v);
}

#define EACH(test) cmocka_unit_test_setup(test, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(made_once), EACH(forged_plans),        EACH(basis_is_no_right), EACH(needs_nobody),
        EACH(no_plans),  EACH(odd_pointers),        EACH(asked_by_nobody),   EACH(forged_approvals),
        EACH(long_name), EACH(refused_with_others),
    };
    if (cv_secret_heap_init() == CV_ERR_INTERNAL)
        return 1;
    cv_json_init();
    return cmocka_run_group_tests(tests, found, gone);
}
