#include "cmd/document_photo.h"

#include <string.h>

#include "vault/confined.h"

#define FRONT 16

/* copies(file): can one without its metadata be made? Tried, as it cannot be told otherwise. */
static bool copies(struct cv_bytes file)
{
    struct cv_buf copy = { .max = CV_PHOTO_COPY_MAX };
    const cv_status st = cv_photo_clean(file, &copy, NULL);
    cv_buf_free(&copy);
    return st == CV_OK;
}

/* look(f, out, err): in a process that has nothing but the file. */
static cv_status look(const struct cv_document_file *f, struct cv_looked *out, struct cv_err *err)
{
    struct cv_photo *photo = &out->photo;
    struct cv_buf front = { 0 };
    uint8_t *at;
    const size_t first = f->bytes < FRONT ? (size_t)f->bytes : FRONT;
    cv_status st = cv_buf_extend(&front, first, &at);
    st = CV_THEN(st, cv_document_file_read(f, 0, at, first, err));
    if (st == CV_OK)
        cv_photo_look(cv_buf_view(&front), false, photo);
    if (st == CV_OK && photo->kind != CV_PHOTO_OTHER) {
        const size_t all = f->bytes < CV_PHOTO_MAX ? (size_t)f->bytes : CV_PHOTO_MAX;
        cv_buf_truncate(&front, 0);
        st = cv_buf_extend(&front, all, &at);
        st = CV_THEN(st, cv_document_file_read(f, 0, at, all, err));
        if (st == CV_OK)
            cv_photo_look(cv_buf_view(&front), all == f->bytes, photo);
        out->copies = st == CV_OK && all == f->bytes && copies(cv_buf_view(&front));
    }
    cv_buf_free(&front);
    return st;
}

/* What it tells: u8 kind, u8 of these, u16 of enum cv_photo_carries. */
enum told { PLACE = 1, TIME = 2, DEVICE = 4, UNSURE = 8, COPIES = 16, TOLD_END = 32 };
#define TOLD_BYTES 4

static cv_status look_and_tell(void *arg, struct cv_channel *c, struct cv_err *err)
{
    struct cv_document_file f = *(const struct cv_document_file *)arg;
    struct cv_looked l = { 0 };
    const struct cv_photo *p = &l.photo;
    f.fd = CV_CONFINED_KEPT;
    cv_status st = look(&f, &l, err);
    const unsigned told = (p->place ? PLACE : 0) | (p->time ? TIME : 0) | (p->device ? DEVICE : 0) |
                          (p->unsure ? UNSURE : 0) | (l.copies ? COPIES : 0);
    const uint8_t frame[TOLD_BYTES] = { (uint8_t)p->kind, (uint8_t)told, (uint8_t)(p->carries >> 8),
                                        (uint8_t)p->carries };
    return CV_THEN(st, cv_channel_put(c, 1, CV_ARR(frame)));
}

static cv_status take(struct cv_bytes b, struct cv_looked *out)
{
    if (b.n != TOLD_BYTES || b.p[0] > CV_PHOTO_PNG || b.p[1] >= TOLD_END)
        return CV_ERR_INTERNAL;
    const unsigned told = b.p[1], carries = ((unsigned)b.p[2] << 8) | b.p[3];
    out->photo = (struct cv_photo){ .kind = (enum cv_photo_kind)b.p[0],
                                    .place = (told & PLACE) != 0,
                                    .time = (told & TIME) != 0,
                                    .device = (told & DEVICE) != 0,
                                    .carries = carries,
                                    .unsure = (told & UNSURE) != 0 };
    out->copies = (told & COPIES) != 0;
    return carries < CV_CARRIES_END ? CV_OK : CV_ERR_INTERNAL;
}

cv_status cv_look(struct cv_ui *ui, const struct cv_document_file *f, struct cv_looked *out)
{
    struct cv_document_file file = *f;
    const struct cv_confined_work work = { .work = look_and_tell, .arg = &file, .keep = f->fd };
    struct cv_confined apart;
    struct cv_bytes b;
    uint8_t kind = 0;
    cv_status st = cv_confined_start(&work, &apart, &ui->err);
    if (st != CV_OK)
        return st;
    st = cv_confined_get(&apart, &kind, &b);
    const bool came = st == CV_OK;
    if (came)
        st = take(b, out);
    st = cv_confined_end(&apart, f->name, st == CV_ERR_NOTFOUND ? CV_OK : st, &ui->err);
    return cv_err_note(&ui->err, st == CV_OK && !came ? CV_ERR_INTERNAL : st, f->name);
}

#define TELLS_BYTES 256

/* tells(p, out): in words what it says of itself; empty for nothing. */
static void tells(const struct cv_photo *p, char out[static TELLS_BYTES])
{
    const char *const parts[] = { p->place ? N_("where") : NULL, p->time ? N_("when") : NULL,
                                  p->device ? N_("with what device") : NULL };
    size_t n = 0, at = 0, count = (size_t)p->place + (size_t)p->time + (size_t)p->device;
    out[0] = '\0';
    for (size_t i = 0; i < 3; i++)
        if (parts[i] != NULL) {
            n++;
            at += (size_t)snprintf(out + at, TELLS_BYTES - at, "%s%s",
                                   n == 1       ? ""
                                   : n == count ? _(" and ")
                                                : ", ",
                                   _(parts[i]));
        }
}

/* say_carried(ui, p): what was not looked into, by name. */
static void say_carried(const struct cv_ui *ui, const struct cv_photo *p)
{
    char words[512] = "";
    size_t at = 0;
    for (unsigned one = 1; one < CV_CARRIES_END; one *= 2)
        if ((p->carries & one) != 0)
            at += (size_t)snprintf(words + at, sizeof(words) - at, "%s%s", at > 0 ? ", " : "",
                                   _(cv_photo_carried(one)));
    cv_ui_say(ui, "  %s.", words);
}

void cv_looked_say(const struct cv_ui *ui, const struct cv_document_file *f, const struct cv_looked *l)
{
    const struct cv_photo *p = &l->photo;
    char words[TELLS_BYTES];
    tells(p, words);
    if (p->kind == CV_PHOTO_OTHER) {
        cv_ui_say(ui, "%s: no JPEG or PNG; whether it tells a place, a time or a device", f->name);
        cv_ui_say(ui, "  cannot be told.");
        return;
    }
    if (words[0] != '\0')
        cv_ui_say(ui, "%s: tells %s it was made.", f->name, words);
    if (p->carries != 0) {
        cv_ui_say(ui, "%s: carries other data, which was not looked into:", f->name);
        say_carried(ui, p);
    }
    if (p->unsure)
        cv_ui_say(ui, "%s: cannot be read to its end; there may be more in it.", f->name);
    if (words[0] == '\0' && p->carries == 0 && !p->unsure)
        cv_ui_say(ui, "%s: no place, time or device was found in it.", f->name);
    if (!l->copies)
        cv_ui_say(ui, "  It is kept as it is; no copy without its metadata can be made of it.");
    else if (words[0] != '\0' || p->carries != 0 || p->unsure)
        cv_ui_say(ui, "  It is kept as it is; `document get --without-metadata` gives a copy without.");
}

const char *cv_looked_media_type(const struct cv_looked *l)
{
    return l->photo.kind == CV_PHOTO_JPEG ? "image/jpeg" : l->photo.kind == CV_PHOTO_PNG ? "image/png" : NULL;
}

static struct cv_json *carried_json(const struct cv_photo *p)
{
    struct cv_json *names = cv_json_array();
    cv_status st = CV_OK;
    for (unsigned one = 1; one < CV_CARRIES_END && st == CV_OK; one *= 2)
        if ((p->carries & one) != 0)
            st = cv_json_push(names, cv_json_str(cv_photo_carried(one)));
    if (st == CV_OK)
        return names;
    cv_json_free(names);
    return NULL;
}

struct cv_json *cv_looked_json(const struct cv_looked *l)
{
    const struct cv_photo *p = &l->photo;
    if (p->kind == CV_PHOTO_OTHER)
        return cv_json_null();
    struct cv_json *o = cv_json_object();
    cv_status st = cv_json_set(o, "place", cv_json_bool(p->place));
    st = CV_THEN(st, cv_json_set(o, "time", cv_json_bool(p->time)));
    st = CV_THEN(st, cv_json_set(o, "device", cv_json_bool(p->device)));
    st = CV_THEN(st, cv_json_set(o, "more", cv_json_bool(p->carries != 0 || p->unsure)));
    st = CV_THEN(st, cv_json_set(o, "carries", carried_json(p)));
    st = CV_THEN(st, cv_json_set(o, "copy", cv_json_bool(l->copies)));
    if (st == CV_OK)
        return o;
    cv_json_free(o);
    return NULL;
}
