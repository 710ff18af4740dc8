#include <stdlib.h>
#include <string.h>

#include "formats/words.h"
#include "vault/alike.h"
#include "vault/sound.h"

/* How much two names, and two birth dates, are alike. */

#define WORDS_MAX 16
#define SLIP_LEAST 4 /* letters of a word in which one slip is forgiven */

struct name {
    struct cv_bytes w[WORDS_MAX];
    size_t n;
};

static struct name split(const char *text)
{
    struct name out = { .n = 0 };
    for (const char *c = text; *c != '\0' && out.n < WORDS_MAX;) {
        const size_t n = strcspn(c, " ");
        if (n > 0)
            out.w[out.n++] = CV_BYTES(c, n);
        c += n + (c[n] == ' ');
    }
    return out;
}

/* alike(a, b): the same, the same sound, or one slip. */
static bool alike(struct cv_bytes a, struct cv_bytes b)
{
    char x[CV_SOUND_BYTES], y[CV_SOUND_BYTES];
    if (cv_bytes_equal(a, b))
        return true;
    if (a.n >= SLIP_LEAST && b.n >= SLIP_LEAST && cv_sound_slips(a, b, 1) <= 1)
        return true;
    cv_sound(a, x);
    cv_sound(b, y);
    return strlen(x) > 1 && strcmp(x, y) == 0;
}

int cv_alike_names(const char *one, const char *other, const char **why)
{
    struct name a = split(one), b = split(other);
    size_t met = 0;
    *why = NULL;
    for (size_t i = 0; i < a.n; i++)
        for (size_t j = 0; j < b.n; j++)
            if (b.w[j].n > 0 && alike(a.w[i], b.w[j])) {
                b.w[j].n = 0; /* each answers to one */
                met++;
                break;
            }
    const size_t fewer = a.n < b.n ? a.n : b.n;
    if (met == 0)
        return 0;
    if (strcmp(one, other) == 0 && fewer > 1) {
        *why = _("the same name");
        return 40;
    }
    *why = met == fewer && fewer > 1 ? _("the name sounds the same, or nearly")
                                     : _("a part of the name is the same");
    return met == fewer && fewer > 1 ? 30 : 15;
}

/* swapped(a, b): 1999-03-01 and 1999-01-03. */
static bool swapped(const char *a, const char *b)
{
    return memcmp(a, b, 5) == 0 && memcmp(a + 5, b + 8, 2) == 0 && memcmp(a + 8, b + 5, 2) == 0;
}

static size_t differing(const char *a, const char *b)
{
    size_t n = 0;
    for (; *a != '\0' && *b != '\0'; a++, b++)
        n += *a != *b;
    return n;
}

int cv_alike_births(const char *one, const char *other, const char **why)
{
    const size_t n = strlen(one), m = strlen(other), fewer = n < m ? n : m;
    *why = NULL;
    if (n == 0 || m == 0)
        return 0;
    if (strcmp(one, other) == 0 && n == 10) {
        *why = _("born on the same day");
        return 30;
    }
    if (strncmp(one, other, fewer) == 0) {
        *why = _("born in the same year, as far as it is known");
        return 15;
    }
    if (n == 10 && m == 10 && swapped(one, other)) {
        *why = _("day and month of the birth date are swapped");
        return 25;
    }
    if (n == 10 && m == 10 && differing(one, other) == 1) {
        *why = _("one digit of the birth date differs");
        return 15;
    }
    *why = _("but another birth date");
    return -20;
}
