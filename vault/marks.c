#include "vault/marks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/crockford.h"
#include "vault/fold.h"
#include "vault/marks_number.h"
#include "vault/sound.h"

#define WORDS_MAX 32   /* of one name or address */
#define SOUNDS_MAX 8   /* words of a name that are paired */
#define MARKS_MAX 1000 /* of one list; of more, the first */
#define PLACE_WORDS_MAX 4

void cv_marks_free(struct cv_marks *list)
{
    for (size_t i = 0; i < list->count; i++) {
        cv_wipe(list->m[i].value, strlen(list->m[i].value));
        cv_wipe(list->m[i].text, strlen(list->m[i].text));
        free(list->m[i].value);
        free(list->m[i].text);
    }
    free(list->m);
    memset(list, 0, sizeof(*list));
}

/* Where marks go to, and which field is being read. */
struct marking {
    struct cv_folder *folder;
    struct cv_marks *list;
    char field[2 * CV_NAME_BYTES];
};

/* put(k, kind, value, text): one more, unless it is there, or says nothing. */
static cv_status put(struct marking *k, const char *kind, struct cv_bytes value, struct cv_bytes text)
{
    struct cv_marks *list = k->list;
    if (value.n == 0)
        return CV_OK;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->m[i].kind, kind) == 0 && cv_bytes_equal(cv_bytes_str(list->m[i].value), value))
            return CV_OK;
    if (list->count == MARKS_MAX)
        return CV_OK;
    if (list->count == list->room) {
        const size_t room = list->room == 0 ? 8 : 2 * list->room;
        struct cv_mark *more = realloc(list->m, room * sizeof(*more));
        if (more == NULL)
            return CV_ERR_NOMEM;
        list->m = more;
        list->room = room;
    }
    struct cv_mark *m = &list->m[list->count];
    *m = (struct cv_mark){ .kind = kind,
                           .value = strndup((const char *)value.p, value.n),
                           .text = strndup((const char *)text.p, text.n) };
    memcpy(m->field, k->field, sizeof(m->field));
    if (m->value == NULL || m->text == NULL) {
        free(m->value);
        free(m->text);
        return CV_ERR_NOMEM;
    }
    list->count++;
    return CV_OK;
}

/* ---- words ---- */

struct words {
    struct cv_buf folded;
    struct cv_bytes w[WORDS_MAX];
    size_t n;
};

static int by_bytes(const void *a, const void *b)
{
    const struct cv_bytes *x = a, *y = b;
    const int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* split(text, out): its folded words as they stand; of very many the first. Free out->folded. */
static cv_status split(struct cv_folder *folder, struct cv_bytes text, struct words *out)
{
    memset(out, 0, sizeof(*out));
    cv_status st = cv_fold(folder, text, &out->folded);
    struct cv_bytes rest = cv_buf_view(&out->folded);
    while (st == CV_OK && rest.n > 0 && out->n < WORDS_MAX) {
        const uint8_t *space = memchr(rest.p, ' ', rest.n);
        const size_t n = space != NULL ? (size_t)(space - rest.p) : rest.n;
        if (n > 0)
            out->w[out->n++] = CV_BYTES(rest.p, n);
        rest = n < rest.n ? CV_BYTES(rest.p + n + 1, rest.n - n - 1) : (struct cv_bytes){ 0 };
    }
    return st;
}

/* sort(w): in alphabetical order, each once. */
static void sort(struct words *w)
{
    size_t kept = 0;
    qsort(w->w, w->n, sizeof(w->w[0]), by_bytes);
    for (size_t i = 0; i < w->n; i++)
        if (kept == 0 || !cv_bytes_equal(w->w[kept - 1], w->w[i]))
            w->w[kept++] = w->w[i];
    w->n = kept;
}

static cv_status join(const struct words *w, struct cv_buf *out)
{
    cv_status st = CV_OK;
    for (size_t i = 0; i < w->n && st == CV_OK; i++) {
        if (i > 0)
            st = cv_buf_str(out, " ");
        st = CV_THEN(st, cv_buf_append(out, w->w[i]));
    }
    return st;
}

/* nobody(w): the words, as they fold, say that the name is not known. */
static bool nobody(const struct words *w)
{
    static const char *const none[] = { "unknovn", "unk", "na", "n", "none", "not", "knovn", "a", "x" };
    for (size_t i = 0; i < w->n; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof(none) / sizeof(none[0]); j++)
            found = found || cv_bytes_equal(w->w[i], cv_bytes_str(none[j]));
        if (!found)
            return false;
    }
    return true;
}

/* ---- kinds ---- */

/* put_words(k, kind, text, least): a name or an address, if it has so many words. */
static cv_status put_words(struct marking *k, const char *kind, struct cv_bytes text, size_t least)
{
    struct words w;
    struct cv_buf value = { 0 };
    cv_status st = split(k->folder, text, &w);
    if (st == CV_OK)
        sort(&w);
    if (st == CV_OK && w.n >= least && !nobody(&w))
        st = join(&w, &value);
    st = CV_THEN(st, put(k, kind, cv_buf_view(&value), text));
    cv_buf_free(&value);
    cv_buf_free(&w.folded);
    return st;
}

/* put_sound(k, name, a, b): two sounds, or a sound and a day. */
static cv_status put_sound(struct marking *k, struct cv_bytes name, const char *a, const char *b)
{
    struct cv_buf value = { 0 };
    cv_status st = cv_buf_printf(&value, "%s %s", a, b);
    st = CV_THEN(st, put(k, "sound", cv_buf_view(&value), name));
    cv_buf_free(&value);
    return st;
}

/* day_of(birth, out): a whole date, of day and month the smaller first; "" for less. */
static void day_of(struct cv_bytes birth, char out[static 11])
{
    out[0] = '\0';
    if (birth.n != 10)
        return;
    memcpy(out, birth.p, 10);
    out[10] = '\0';
    if (memcmp(out + 5, out + 8, 2) > 0) {
        memcpy(out + 5, birth.p + 8, 2);
        memcpy(out + 8, birth.p + 5, 2);
    }
}

/* put_sounds(k, name, birth): each two words of a name, and each word with the birth date. */
static cv_status put_sounds(struct marking *k, struct cv_bytes name, struct cv_bytes birth)
{
    struct words w;
    char sound[SOUNDS_MAX][CV_SOUND_BYTES], day[11];
    size_t n = 0;
    cv_status st = split(k->folder, name, &w);
    day_of(birth, day);
    for (size_t i = 0; st == CV_OK && i < w.n && n < SOUNDS_MAX && !nobody(&w); i++) {
        cv_sound(w.w[i], sound[n]);
        if (strlen(sound[n]) > 1) /* an initial says too little */
            n++;
    }
    for (size_t i = 0; i < n && st == CV_OK; i++) {
        for (size_t j = 0; j < i && st == CV_OK; j++) {
            const bool first = strcmp(sound[j], sound[i]) < 0;
            st = put_sound(k, name, sound[first ? j : i], sound[first ? i : j]);
        }
        if (day[0] != '\0')
            st = CV_THEN(st, put_sound(k, name, sound[i], day));
    }
    cv_buf_free(&w.folded);
    return st;
}

/* put_number(k, kind, text): its letters and digits alone, in capitals. */
static cv_status put_number(struct marking *k, const char *kind, struct cv_bytes text)
{
    struct cv_buf value = { 0 };
    cv_status st = cv_marks_number(k->folder, text, strcmp(kind, "account") == 0, &value);
    st = CV_THEN(st, put(k, kind, cv_buf_view(&value), text));
    cv_buf_free(&value);
    return st;
}

/* ---- routes ---- */

/* What stands between two places; the plain hyphen only with a space around it: names have it too. */
static const char *const arrows[] = { "->", "=>", "→", "⇒", ">", " - ", "–", "—", NULL };

/* next_place(rest, out): what stands before the next arrow; false at the end. */
static bool next_place(struct cv_bytes *rest, struct cv_bytes *out)
{
    if (rest->p == NULL)
        return false;
    for (size_t i = 0; i < rest->n; i++)
        for (size_t a = 0; arrows[a] != NULL; a++) {
            const size_t n = strlen(arrows[a]);
            if (rest->n - i >= n && memcmp(rest->p + i, arrows[a], n) == 0) {
                *out = CV_BYTES(rest->p, i);
                *rest = CV_BYTES(rest->p + i + n, rest->n - i - n);
                return true;
            }
        }
    *out = *rest;
    *rest = (struct cv_bytes){ 0 };
    return true;
}

static struct cv_bytes trimmed(struct cv_bytes t)
{
    while (t.n > 0 && strchr(" \t\r.,;", t.p[0]) != NULL)
        t = CV_BYTES(t.p + 1, t.n - 1);
    while (t.n > 0 && strchr(" \t\r.,;", t.p[t.n - 1]) != NULL)
        t.n--;
    return t;
}

/* put_leg(k, from, to): "chisinau > vienna". */
static cv_status put_leg(struct marking *k, struct cv_bytes from, struct cv_bytes to)
{
    struct words a, b = { 0 };
    struct cv_buf value = { 0 }, text = { 0 };
    cv_status st = split(k->folder, from, &a);
    st = CV_THEN(st, split(k->folder, to, &b));
    if (st == CV_OK && a.n > 0 && b.n > 0 && !nobody(&a) && !nobody(&b)) {
        st = join(&a, &value);
        st = CV_THEN(st, cv_buf_str(&value, " > "));
        st = CV_THEN(st, join(&b, &value));
        st = CV_THEN(st, cv_buf_append(&text, from));
        st = CV_THEN(st, cv_buf_str(&text, " > "));
        st = CV_THEN(st, cv_buf_append(&text, to));
        st = CV_THEN(st, put(k, "route", cv_buf_view(&value), cv_buf_view(&text)));
    }
    cv_buf_free(&value);
    cv_buf_free(&text);
    cv_buf_free(&a.folded);
    cv_buf_free(&b.folded);
    return st;
}

/* is_place(t): one or a few words; sentences are none. */
static bool is_place(struct cv_bytes t)
{
    size_t words = t.n > 0;
    for (size_t i = 0; i < t.n; i++)
        words += t.p[i] == ' ';
    return words > 0 && words <= PLACE_WORDS_MAX;
}

/* put_line(k, line): the legs of one route; a line that is none says nothing. */
static cv_status put_line(struct marking *k, struct cv_bytes line)
{
    struct cv_bytes rest = line, place, before = { 0 };
    cv_status st = CV_OK;
    while (next_place(&rest, &place))
        if (!is_place(trimmed(place)))
            return CV_OK;
    rest = line;
    while (st == CV_OK && next_place(&rest, &place)) {
        place = trimmed(place);
        if (before.p != NULL)
            st = put_leg(k, before, place);
        before = place;
    }
    return st;
}

static cv_status put_routes(struct marking *k, struct cv_bytes text)
{
    cv_status st = CV_OK;
    while (text.n > 0 && st == CV_OK) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        const size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        st = put_line(k, CV_BYTES(text.p, n));
        text = n < text.n ? CV_BYTES(text.p + n + 1, text.n - n - 1) : (struct cv_bytes){ 0 };
    }
    return st;
}

/* ---- fields ---- */

/* put_ref(k, text): an id in the one way it is written. */
static cv_status put_ref(struct marking *k, struct cv_bytes text)
{
    uint8_t raw[CV_ID_BYTES];
    char id[CV_ID_TEXT_BYTES];
    if (cv_id_parse(text, raw, NULL) != CV_OK)
        return CV_OK;
    cv_id_text(raw, id);
    return put(k, CV_MARK_REF, cv_bytes_str(id), cv_bytes_str(id));
}

/* put_alone(k, kind, text): a value that is a mark by itself. */
static cv_status put_alone(struct marking *k, const char *kind, struct cv_bytes text)
{
    if (text.n == 0)
        return CV_OK;
    if (strcmp(kind, "phone") == 0 || strcmp(kind, "birth") == 0)
        return put(k, kind, text, text);
    if (strcmp(kind, "name") == 0) {
        cv_status st = put_words(k, kind, text, 1);
        return CV_THEN(st, put_sounds(k, text, (struct cv_bytes){ 0 }));
    }
    if (strcmp(kind, "perpetrator") == 0)
        return put_words(k, kind, text, 1);
    if (strcmp(kind, "address") == 0)
        return put_words(k, kind, text, 2);
    return strcmp(kind, "route") == 0 ? put_routes(k, text) : put_number(k, kind, text);
}

static const char *kind_of(const struct cv_template_field *f)
{
    return f->mark != NULL ? f->mark : strcmp(f->type, "ref") == 0 ? CV_MARK_REF : NULL;
}

/* put_value(k, f, value): one, or each of a list. */
static cv_status put_value(struct marking *k, const struct cv_template_field *f, const struct cv_json *value)
{
    const char *kind = kind_of(f);
    cv_status st = CV_OK;
    for (size_t i = 0; cv_json_is(value, CV_JSON_ARRAY) && i < cv_json_len(value) && st == CV_OK; i++)
        st = put_value(k, f, cv_json_at(value, i));
    if (kind == NULL || st != CV_OK || cv_json_is(value, CV_JSON_ARRAY))
        return st;
    return strcmp(kind, CV_MARK_REF) == 0 ? put_ref(k, cv_json_text(value))
                                          : put_alone(k, kind, cv_json_text(value));
}

struct reading {
    const struct cv_template *t;
    const char *type, *section;
    const struct cv_json *data;
};

/* composed(f): it is read together with the others of its kind in the section. */
static bool composed(const struct cv_template_field *f)
{
    return f->mark != NULL && !f->multi && strcmp(f->type, "string") == 0 &&
           (strcmp(f->mark, "name") == 0 || strcmp(f->mark, "address") == 0 || strcmp(f->mark, "route") == 0);
}

/* compose(r, k, kind, out): those fields in one, in the template's order. An address begins with the street
 * and a route with its first place; without it they say too little. */
static cv_status compose(const struct reading *r, struct marking *k, const char *kind, struct cv_buf *out)
{
    const bool whole = strcmp(kind, "name") != 0;
    struct cv_template_field f;
    bool first = true;
    cv_status st = CV_OK;
    for (size_t i = 0; st == CV_OK && cv_template_field(r->t, r->type, r->section, i, &f); i++) {
        if (!composed(&f) || strcmp(f.mark, kind) != 0)
            continue;
        const struct cv_bytes text = cv_json_text(cv_json_get(r->data, f.name));
        if (first)
            snprintf(k->field, sizeof(k->field), "%s", f.name);
        if (text.n == 0 && first && whole)
            return CV_OK;
        first = false;
        if (text.n > 0 && out->n > 0)
            st = cv_buf_str(out, strcmp(kind, "route") == 0 ? " > " : " ");
        st = CV_THEN(st, cv_buf_append(out, text));
    }
    return st;
}

/* birth_of(r): the section's, if it has one. */
static struct cv_bytes birth_of(const struct reading *r)
{
    struct cv_template_field f;
    for (size_t i = 0; cv_template_field(r->t, r->type, r->section, i, &f); i++)
        if (f.mark != NULL && strcmp(f.mark, "birth") == 0)
            return cv_json_text(cv_json_get(r->data, f.name));
    return (struct cv_bytes){ 0 };
}

static cv_status put_composed(const struct reading *r, struct marking *k)
{
    static const char *const kinds[] = { "name", "address", "route" };
    cv_status st = CV_OK;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && st == CV_OK; i++) {
        struct cv_buf text = { 0 };
        st = compose(r, k, kinds[i], &text);
        if (i == 0 && text.n > 0) {
            st = CV_THEN(st, put_words(k, kinds[i], cv_buf_view(&text), 1));
            st = CV_THEN(st, put_sounds(k, cv_buf_view(&text), birth_of(r)));
        } else if (text.n > 0)
            st = CV_THEN(st, put_alone(k, kinds[i], cv_buf_view(&text)));
        cv_buf_free(&text);
    }
    return st;
}

/* put_object(r, k, name, value): the fields inside an object, or those of each of a list. */
static cv_status put_object(const struct reading *r, struct marking *k, const char *name,
                            const struct cv_json *value)
{
    struct cv_template_field f;
    cv_status st = CV_OK;
    for (size_t i = 0; cv_json_is(value, CV_JSON_ARRAY) && i < cv_json_len(value) && st == CV_OK; i++)
        st = put_object(r, k, name, cv_json_at(value, i));
    for (size_t i = 0; st == CV_OK && cv_template_inner(r->t, r->type, r->section, name, i, &f); i++) {
        snprintf(k->field, sizeof(k->field), "%s.%s", name, f.name);
        st = put_value(k, &f, cv_json_get(value, f.name));
    }
    return st;
}

cv_status cv_marks_add(struct cv_folder *folder, const struct cv_template *t, const char *type,
                       const char *section, const struct cv_json *data, struct cv_marks *list)
{
    const struct reading r = { t, type, section, data };
    struct marking k = { .folder = folder, .list = list };
    struct cv_template_field f;
    cv_status st = put_composed(&r, &k);
    for (size_t i = 0; st == CV_OK && cv_template_field(t, type, section, i, &f); i++) {
        snprintf(k.field, sizeof(k.field), "%s", f.name);
        if (strcmp(f.type, "object") == 0)
            st = put_object(&r, &k, f.name, cv_json_get(data, f.name));
        else if (!composed(&f))
            st = put_value(&k, &f, cv_json_get(data, f.name));
    }
    return st;
}

/* ---- kinds ---- */

unsigned cv_marks_kind(const char *kind)
{
    static const char *const kinds[] = { "phone", "document", "account",     "vehicle", "name", "sound",
                                         "birth", "address",  "perpetrator", "route",   "ref" };
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i], kind) == 0)
            return 1U << i;
    return 0;
}

/* kinds_of(f): what a field can give. */
static unsigned kinds_of(const struct cv_template_field *f)
{
    const char *kind = kind_of(f);
    if (kind == NULL)
        return 0;
    return cv_marks_kind(kind) | (strcmp(kind, "name") == 0 ? cv_marks_kind("sound") : 0);
}

unsigned cv_marks_kinds(const struct cv_template *t, const char *section)
{
    struct cv_template_field f, inner;
    const char *type;
    unsigned all = 0;
    for (size_t k = 0; (type = cv_template_type(t, k)) != NULL; k++)
        for (size_t i = 0; cv_template_field(t, type, section, i, &f); i++) {
            all |= kinds_of(&f);
            for (size_t j = 0; cv_template_inner(t, type, section, f.name, j, &inner); j++)
                all |= kinds_of(&inner);
        }
    return all;
}
