#include "formats/columns_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which field a header means. */

const struct cv_template_field *place_field(const struct place *p)
{
    return p->inside ? &p->in : &p->f;
}

void place_path(const struct place *p, char out[static COLUMNS_PATH_BYTES])
{
    snprintf(out, COLUMNS_PATH_BYTES, "%s.%s.%s%s%s", p->type, p->section, p->f.name, p->inside ? "." : "",
             p->inside ? p->in.name : "");
}

/* ---- all fields ---- */

static cv_status add(struct places *list, const struct place *p)
{
    if (list->count % 64 == 0) {
        struct place *more = realloc(list->p, (list->count + 64) * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        list->p = more;
    }
    list->p[list->count++] = *p;
    return CV_OK;
}

static cv_status add_section(const struct cv_template *t, const char *type, const char *section,
                             struct places *out)
{
    struct place p = { .type = type, .section = section };
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_field(t, type, section, i, &p.f); i++) {
        p.inside = strcmp(p.f.type, "object") == 0;
        if (!p.inside)
            st = add(out, &p);
        for (size_t j = 0; p.inside && st == CV_OK && cv_template_inner(t, type, section, p.f.name, j, &p.in);
             j++)
            st = add(out, &p);
    }
    return st;
}

cv_status places_of(const struct cv_template *t, struct places *out)
{
    const char *type, *section;
    cv_status st = CV_OK;
    *out = (struct places){ .t = t };
    for (size_t i = 0; (type = cv_template_type(t, i)) != NULL; i++)
        for (size_t j = 0; st == CV_OK && (section = cv_template_type_section(t, type, j)) != NULL; j++)
            if (!cv_template_coded(t, type, section))
                st = add_section(t, type, section, out);
    return st;
}

void places_free(struct places *list)
{
    free(list->p);
    *list = (struct places){ 0 };
}

/* ---- names ---- */

/* Names that are no other spelling of the standard's. */
static const struct {
    const char *name, *htcds;
} aliases[] = {
    { "Date of Birth", "prs_Birthdate" },
    { "DOB", "prs_Birthdate" },
    { "Given Name", "prs_FirstName" },
    { "Last Name", "prs_SecondName" },
    { "Surname", "prs_SecondName" },
    { "Sex", "prs_Gender" },
    { "Nationality", "prs_Citizenship" },
    { "Children", "prs_NumberOfChildren" },
    { "Mobile", "prs_MobilePhone" },
    { "Mailing State/Province", "prs_MailingState" },
    { "Mailing Zip/Postal Code", "prs_MailingPostalCode" },
    { "Trafficking Status Decision Making Organization", "vic_TraffickingStatusDecisionMakingOrg" },
    { "Referring Organization", "cas_ReferringOrganisation" },
};

/* by_alias(name): the standard's name for it, or NULL. */
static const char *by_alias(struct cv_bytes name)
{
    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (cv_label_same(cv_bytes_str(aliases[i].name), name))
            return aliases[i].htcds;
    return NULL;
}

/* The ways to name a field, the surest first. */
enum way { WAY_STANDARD, WAY_PATH, WAY_SHORT_STANDARD, WAY_NAME, WAY_LABEL, WAYS };

static struct cv_bytes named(const struct place *p, enum way way, char path[static COLUMNS_PATH_BYTES])
{
    const struct cv_template_field *f = place_field(p);
    switch (way) {
    case WAY_STANDARD:
        return cv_bytes_str(f->htcds);
    case WAY_PATH:
        place_path(p, path);
        return cv_bytes_str(path);
    case WAY_SHORT_STANDARD: /* without its prefix: FirstName */
        return cv_bytes_str(f->htcds != NULL && strlen(f->htcds) > 4 ? f->htcds + 4 : NULL);
    case WAY_NAME:
        return cv_bytes_str(f->name);
    default:
        return cv_bytes_str(f->label);
    }
}

const struct place *places_find(const struct places *list, struct cv_bytes name)
{
    const struct place *found = NULL;
    char path[COLUMNS_PATH_BYTES];
    const char *alias = by_alias(name);
    if (alias != NULL)
        name = cv_bytes_str(alias);
    for (enum way way = 0; way < WAYS && found == NULL; way++)
        for (size_t i = 0; i < list->count; i++) {
            const struct cv_bytes one = named(&list->p[i], way, path);
            /* A path has its points; without them two of them could fold to one. */
            if (one.n == 0 || !(way == WAY_PATH ? cv_bytes_equal(one, name) : cv_label_same(one, name)))
                continue;
            if (found != NULL)
                return NULL;
            found = &list->p[i];
        }
    return found;
}

/* ---- headers ---- */

/* What forms and their servers add to the answers; some of it in a group of its own. */
static const struct {
    const char *name;
    enum means what;
    int rank;
    bool grouped;
} known[] = {
    { "instanceID", MEANS_UUID, 1, true },
    { "KEY", MEANS_UUID, 2, false },
    { "_uuid", MEANS_UUID, 3, false },
    { "_id", MEANS_NUMBER, 0, false },
    { "record_type", MEANS_TYPE, 0, false },
    { "record_id", MEANS_ID, 0, false },
    { "training", MEANS_TRAINING, 0, false },
    { "start", MEANS_SERVER, 0, false },
    { "end", MEANS_SERVER, 0, false },
    { "today", MEANS_SERVER, 0, false },
    { "deviceid", MEANS_SERVER, 0, false },
    { "username", MEANS_SERVER, 0, false },
    { "subscriberid", MEANS_SERVER, 0, false },
    { "simserial", MEANS_SERVER, 0, false },
    { "audit", MEANS_SERVER, 0, false },
    { "__version__", MEANS_SERVER, 0, false },
    { "_version_", MEANS_SERVER, 0, false },
    { "_submission_time", MEANS_SERVER, 0, false },
    { "_validation_status", MEANS_SERVER, 0, false },
    { "_notes", MEANS_SERVER, 0, false },
    { "_status", MEANS_SERVER, 0, false },
    { "_submitted_by", MEANS_SERVER, 0, false },
    { "_tags", MEANS_SERVER, 0, false },
    { "_index", MEANS_SERVER, 0, false },
    { "_parent_index", MEANS_PARENT, 1, false },
    { "_parent_table_name", MEANS_PARENT, 2, false },
    { "_submission__id", MEANS_PARENT, 3, false },
    { "_submission__uuid", MEANS_PARENT, 4, false },
    { "PARENT_KEY", MEANS_PARENT, 5, false },
    { "_xform_id_string", MEANS_SERVER, 0, false },
    { "_attachments", MEANS_SERVER, 0, false },
    { "_geolocation", MEANS_SERVER, 0, false },
    { "_bamboo_dataset_id", MEANS_SERVER, 0, false },
    { "formhub/uuid", MEANS_SERVER, 0, false },
    { "rootUuid", MEANS_SERVER, 0, true },
    { "deprecatedID", MEANS_SERVER, 0, true },
    { "instanceName", MEANS_SERVER, 0, true },
    { "SubmissionDate", MEANS_SERVER, 0, false },
    { "SubmitterID", MEANS_SERVER, 0, false },
    { "SubmitterName", MEANS_SERVER, 0, false },
    { "AttachmentsPresent", MEANS_SERVER, 0, false },
    { "AttachmentsExpected", MEANS_SERVER, 0, false },
    { "ReviewState", MEANS_SERVER, 0, false },
    { "DeviceID", MEANS_SERVER, 0, false },
    { "Edits", MEANS_SERVER, 0, false },
    { "FormVersion", MEANS_SERVER, 0, false },
};

/* last_of(text, mark): what follows the last ${mark}; all of it if there is none. */
static struct cv_bytes last_of(struct cv_bytes text, char mark)
{
    const uint8_t *at = text.n > 0 ? memrchr(text.p, mark, text.n) : NULL;
    return at == NULL ? text : CV_BYTES(at + 1, text.n - (size_t)(at + 1 - text.p));
}

/* group_of(list, p, group): is it one of the form's, or does it say nothing but where in the template the
 * field stands? Whose name is `Mother/prs_SecondName`? */
static bool group_of(const struct places *list, const struct place *p, struct cv_bytes group)
{
    /* The survey form is flat: what stands around its fields is its root, or its name. */
    const char *names[] = { "data",
                            "htcds_xlsform",
                            p->type,
                            cv_template_label(list->t, p->type, NULL, NULL),
                            p->section,
                            cv_template_label(list->t, p->type, p->section, NULL),
                            p->inside ? p->f.name : NULL,
                            p->inside ? p->f.label : NULL };
    const char *htcds = place_field(p)->htcds;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i] != NULL && cv_label_same(cv_bytes_str(names[i]), group))
            return true;
    return htcds != NULL && strlen(htcds) > 4 && cv_label_same(CV_BYTES(htcds, 3), group); /* per/per_Role */
}

/* in_meta(groups, mark): ODK's own group, alone or in the form's. */
static bool in_meta(struct cv_bytes groups, char mark)
{
    return cv_bytes_equal(groups, CV_LIT("meta")) ||
           (mark == '/' ? cv_bytes_equal(groups, CV_LIT("data/meta"))
                        : cv_bytes_equal(groups, CV_LIT("data-meta")));
}

static bool is_known(struct cv_bytes header, struct meaning *out)
{
    static const char marks[] = "/-";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct cv_bytes name = cv_bytes_str(known[i].name);
        bool found = cv_bytes_equal(header, name);
        for (size_t m = 0; known[i].grouped && marks[m] != '\0' && !found; m++) {
            const struct cv_bytes last = last_of(header, marks[m]);
            found = last.n < header.n && cv_bytes_equal(last, name) &&
                    in_meta(CV_BYTES(header.p, header.n - last.n - 1), marks[m]);
        }
        if (!found)
            continue;
        *out = (struct meaning){ .what = known[i].what, .rank = known[i].rank };
        return true;
    }
    return false;
}

/* in_groups(list, header): the field itself, or in groups that are known: a/b/field, a-b-field, a:field. */
static const struct place *in_groups(const struct places *list, struct cv_bytes header)
{
    static const char marks[] = "/:.-";
    const struct place *p = places_find(list, header);
    for (size_t i = 0; p == NULL && marks[i] != '\0'; i++) {
        const struct cv_bytes last = last_of(header, marks[i]);
        /* Only between groups is a slash; other marks count before a name of the standard alone. */
        if (last.n < header.n && (marks[i] == '/' || (last.n > 4 && last.p[3] == '_')))
            p = places_find(list, last);
        struct cv_bytes groups = CV_BYTES(header.p, header.n - last.n);
        while (p != NULL && groups.n > 0) {
            groups.n--; /* the mark */
            const struct cv_bytes group = last_of(groups, marks[i]);
            groups.n -= group.n;
            if (!group_of(list, p, group))
                p = NULL;
        }
    }
    return p;
}

static bool all_digits(struct cv_bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] < '0' || t.p[i] > '9')
            return false;
    return t.n > 0 && t.n <= 2;
}

static unsigned number_in(struct cv_bytes t)
{
    uint64_t n = 0;
    while (t.n > 1 && t.p[0] == '0')
        t = CV_BYTES(t.p + 1, t.n - 1);
    return cv_bytes_number(t, &n) ? (unsigned)n : 0;
}

/* component(t, at, end, number): is there a number at ${at}, in brackets or as a component of its own (/2/)?
 * ${end} is where it ends. */
static bool component(struct cv_bytes t, size_t at, size_t *end, unsigned *number)
{
    size_t k = at + 1;
    const bool bracket = t.p[at] == '[';
    if (!bracket && t.p[at] != '/')
        return false;
    while (k < t.n && t.p[k] >= '0' && t.p[k] <= '9')
        k++;
    const struct cv_bytes digits = CV_BYTES(t.p + at + 1, k - at - 1);
    if (!all_digits(digits) || (bracket ? k == t.n || t.p[k] != ']' : k < t.n && t.p[k] != '/'))
        return false;
    *number = number_in(digits);
    *end = bracket ? k + 1 : k;
    return true;
}

/* numbered(header, out, number): a number inside of it is taken out. */
static bool numbered(struct cv_bytes header, char out[static COLUMNS_PATH_BYTES], unsigned *number)
{
    size_t n = 0;
    bool found = false;
    for (size_t i = 0; i < header.n && n < COLUMNS_PATH_BYTES - 1;) {
        if (component(header, i, &i, number))
            found = true;
        else
            out[n++] = (char)header.p[i++];
    }
    out[n] = '\0';
    return found;
}

/* ends_numbered(header, out, number): one at its end: name_2, name 2, name2. */
static bool ends_numbered(struct cv_bytes header, struct cv_bytes *out, unsigned *number)
{
    size_t n = header.n;
    while (n > 0 && header.n - n < 2 && header.p[n - 1] >= '0' && header.p[n - 1] <= '9')
        n--;
    *number = number_in(CV_BYTES(header.p + n, header.n - n));
    if (n == header.n)
        return false;
    while (n > 0 && memchr("_ .-", header.p[n - 1], 4) != NULL)
        n--;
    *out = CV_BYTES(header.p, n);
    return true;
}

/* field_of(list, header, out): a field, perhaps one of several. */
static bool field_of(const struct places *list, struct cv_bytes header, struct meaning *out)
{
    char without[COLUMNS_PATH_BYTES];
    struct cv_bytes bare = header;
    unsigned number = 0;
    const struct place *p = NULL;
    if (numbered(header, without, &number))
        bare = cv_bytes_str(without);
    p = in_groups(list, bare);
    if (p == NULL && number == 0 && ends_numbered(header, &bare, &number))
        p = in_groups(list, bare);
    if (p == NULL)
        return false;
    *out = (struct meaning){ .what = MEANS_FIELD, .place = p, .number = number };
    return true;
}

/* choice_of(list, header, out): a word of a field of which several may be chosen, in a column of its own. */
static bool choice_of(const struct places *list, struct cv_bytes header, struct meaning *out)
{
    const struct cv_bytes word = last_of(header, '/');
    if (word.n == header.n || !field_of(list, CV_BYTES(header.p, header.n - word.n - 1), out))
        return false;
    const struct cv_template_field *f = place_field(out->place);
    out->what = MEANS_CHOICE;
    out->choice = f->multi && f->choices != NULL ? cell_choice(f, word) : NULL;
    return out->choice != NULL;
}

void meaning_of(const struct places *list, struct cv_bytes header, struct meaning *out)
{
    header = cell_bare(cell_unguarded(cell_bare(header), false));
    if (is_known(header, out) || choice_of(list, header, out) || field_of(list, header, out))
        return;
    *out = (struct meaning){ .what = MEANS_NOTHING };
}
