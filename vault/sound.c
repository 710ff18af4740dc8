#include "vault/sound.h"

#include <string.h>

/* Letters that sound as one, the longer first; what they become. Folding has seen to most of them. */
static const struct {
    const char *letters, *sound;
} sounds[] = {
    { "ph", "f" }, { "th", "t" }, { "tc", "c" }, { "ts", "c" }, { "tz", "c" }, { "dj", "g" }, { "dz", "g" },
    { "gh", "g" }, { "ck", "k" }, { "qu", "k" }, { "q", "k" },  { "x", "ks" }, { "w", "v" },  { "z", "s" },
};

static bool vowel(uint8_t c)
{
    return c != 0 && strchr("aeiouyj", c) != NULL;
}

/* hard(next): does a c before this letter sound like a k? */
static bool hard(uint8_t next)
{
    return next != 0 && strchr("aoulrt", next) != NULL;
}

/* one(rest, out): the sound that ${rest} begins with, and how many letters it takes. */
static size_t one(struct cv_bytes rest, char out[static 3])
{
    for (size_t i = 0; i < sizeof(sounds) / sizeof(sounds[0]); i++) {
        const size_t n = strlen(sounds[i].letters);
        if (rest.n >= n && memcmp(rest.p, sounds[i].letters, n) == 0) {
            strcpy(out, sounds[i].sound);
            return n;
        }
    }
    out[0] = (char)rest.p[0];
    if (out[0] == 'c' && rest.n > 1 && hard(rest.p[1]))
        out[0] = 'k';
    out[1] = '\0';
    return 1;
}

void cv_sound(struct cv_bytes word, char out[static CV_SOUND_BYTES])
{
    size_t n = 0;
    out[0] = '\0';
    if (word.n > 1 && strchr("jyi", word.p[0]) != NULL && vowel(word.p[1]))
        word = CV_BYTES(word.p + 1, word.n - 1); /* Yelena is Elena */
    for (bool first = true; word.n > 0; first = false) {
        char sound[3];
        const size_t took = one(word, sound);
        const bool silent = vowel(word.p[0]) || (word.p[0] == 'h' && took == 1);
        for (const char *s = sound; *s != '\0'; s++)
            if ((first || !silent) && (n == 0 || out[n - 1] != *s) && n + 1 < CV_SOUND_BYTES)
                out[n++] = *s;
        word = CV_BYTES(word.p + took, word.n - took);
    }
    out[n] = '\0';
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

#define SLIPS_MAX 64 /* longer names are compared as far as this */

size_t cv_sound_slips(struct cv_bytes a, struct cv_bytes b, size_t most)
{
    size_t row[3][SLIPS_MAX + 1];
    a.n = least(a.n, SLIPS_MAX);
    b.n = least(b.n, SLIPS_MAX);
    for (size_t j = 0; j <= b.n; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t *now = row[i % 3], *before = row[(i - 1) % 3], *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            now[j] = least(least(now[j - 1], before[j]) + 1, before[j - 1] + (a.p[i - 1] != b.p[j - 1]));
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return least(row[a.n % 3][b.n], most + 1);
}
