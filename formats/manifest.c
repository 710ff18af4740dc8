#include <string.h>

#include "formats/crockford.h"
#include "formats/date.h"
#include "formats/package.h"

/* The manifest of a package: members and what stands in them, in one form. */

#define MANIFEST_MAX ((size_t)64 << 20)

/* A member of an object in a manifest, and what it must be. */
struct want {
    const char *name;
    enum cv_json_type type;
};

/* shaped(o, want): exactly these members, in this order. */
static bool shaped(const struct cv_json *o, const struct want *want)
{
    void *it = cv_json_is(o, CV_JSON_OBJECT) ? cv_json_first(o) : NULL;
    for (; want->name != NULL; want++, it = cv_json_next(o, it))
        if (it == NULL || strcmp(cv_json_iter_name(it), want->name) != 0 ||
            !cv_json_is(cv_json_iter_value(it), want->type))
            return false;
    return it == NULL;
}

static bool all_shaped(const struct cv_json *list, const struct want *want)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (!shaped(cv_json_at(list, i), want))
            return false;
    return true;
}

static bool all_words(const struct cv_json *list)
{
    for (size_t i = 0; i < cv_json_len(list); i++)
        if (!cv_json_is(cv_json_at(list, i), CV_JSON_STRING))
            return false;
    return true;
}

static bool is_id(const struct cv_json *o, const char *name)
{
    uint8_t id[CV_ID_BYTES];
    char again[CV_ID_TEXT_BYTES];
    const char *text = cv_json_get_str(o, name);
    if (text == NULL || cv_id_parse(cv_bytes_str(text), id, NULL) != CV_OK)
        return false;
    cv_id_text(id, again);
    return strcmp(again, text) == 0;
}

static bool is_ground(const char *g)
{
    return strcmp(g, "profile") == 0 || strcmp(g, "right") == 0 || strcmp(g, "choice") == 0 ||
           strcmp(g, "named") == 0;
}

#define S CV_JSON_STRING
#define I CV_JSON_INT
#define A CV_JSON_ARRAY
#define O CV_JSON_OBJECT
#define B CV_JSON_BOOL
/* well_formed(m): members and what stands in them; what is true of them is for the checks. */
static bool well_formed(const struct cv_json *m)
{
    static const struct want top[] = {
        { "casevault", S }, { "id", S },      { "vault", S },    { "training", B },    { "time", S },
        { "by", S },        { "partner", O }, { "profile", S },  { "purpose", S },     { "case", S },
        { "expires", S },   { "basis", S },   { "consents", A }, { "approved_by", A }, { "records", A },
        { "withheld", A },  { "files", A },   { "page", S },     { NULL, O }
    };
    static const struct want partner[] = { { "name", S }, { "record", S }, { "recipient", S }, { NULL, O } };
    static const struct want consent[] = {
        { "person", S }, { "record", S }, { "version", I }, { "sections", A }, { NULL, O }
    };
    static const struct want record[] = { { "record", S }, { "version", I }, { "type", S },
                                          { "sdjwt", S },  { "proof", S },   { NULL, O } };
    static const struct want withheld[] = { { "record", S }, { "section", S }, { "ground", S }, { NULL, O } };
    static const struct want file[] = { { "name", S }, { "bytes", I }, { "sha256", S }, { NULL, O } };
    if (!shaped(m, top) || !shaped(cv_json_get(m, "partner"), partner) ||
        !all_shaped(cv_json_get(m, "consents"), consent) || !all_shaped(cv_json_get(m, "records"), record) ||
        !all_shaped(cv_json_get(m, "withheld"), withheld) || !all_shaped(cv_json_get(m, "files"), file) ||
        !all_words(cv_json_get(m, "approved_by")))
        return false;
    for (size_t i = 0; i < cv_json_len(cv_json_get(m, "withheld")); i++)
        if (!is_ground(cv_json_get_str(cv_json_at(cv_json_get(m, "withheld"), i), "ground")))
            return false;
    for (size_t i = 0; i < cv_json_len(cv_json_get(m, "consents")); i++)
        if (!all_words(cv_json_get(cv_json_at(cv_json_get(m, "consents"), i), "sections")))
            return false;
    return strcmp(cv_json_get_str(m, "casevault"), CV_PACKAGE_TITLE) == 0 && is_id(m, "id") &&
           is_id(m, "case") && cv_datetime_ok(cv_json_text(cv_json_get(m, "time"))) &&
           cv_date_ok(cv_json_text(cv_json_get(m, "expires")), false) &&
           cv_json_len(cv_json_get(cv_json_get(m, "partner"), "name")) > 0 &&
           strlen(cv_json_get_str(m, "vault")) == CV_VAULT_HEX_BYTES - 1;
}

#undef S
#undef I
#undef A
#undef O
#undef B

cv_status cv_manifest_parse(struct cv_bytes text, struct cv_json **out, struct cv_err *err)
{
    struct cv_buf again = { 0 };
    cv_status st = cv_json_parse(text, MANIFEST_MAX, "manifest", out, err);
    if (st == CV_OK && !well_formed(*out))
        st = cv_fail(err, CV_ERR_FORMAT, "manifest: a member is missing, more, or not what it must be");
    st = CV_THEN(st, cv_json_write(*out, &again));
    st = CV_THEN(st, cv_buf_str(&again, "\n"));
    if (st == CV_OK && !cv_bytes_equal(cv_buf_view(&again), text))
        st = cv_fail(err, CV_ERR_FORMAT, "manifest: not in its one form");
    cv_buf_free(&again);
    if (st != CV_OK) {
        cv_json_free(*out);
        *out = NULL;
    }
    return st;
}
