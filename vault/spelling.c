#include "vault/spelling.h"

#include <string.h>

static const struct {
    uint32_t code;
    const char *latin;
} letters[] = {
    { 0x0df, "ss" }, { 0x0fe, "th" }, { 0x10d, "ch" },   { 0x161, "sh" }, { 0x17e, "zh" },  { 0x431, "b" },
    { 0x434, "d" },  { 0x435, "e" },  { 0x436, "zh" },   { 0x439, "y" },  { 0x445, "kh" },  { 0x446, "ts" },
    { 0x447, "ch" }, { 0x448, "sh" }, { 0x449, "shch" }, { 0x44a, "" },   { 0x44b, "y" },   { 0x44c, "" },
    { 0x44d, "e" },  { 0x44e, "yu" }, { 0x44f, "ya" },   { 0x451, "e" },  { 0x452, "dj" },  { 0x453, "gj" },
    { 0x454, "ye" }, { 0x455, "dz" }, { 0x456, "i" },    { 0x457, "yi" }, { 0x458, "j" },   { 0x459, "lj" },
    { 0x45a, "nj" }, { 0x45b, "c" },  { 0x45c, "kj" },   { 0x45e, "u" },  { 0x45f, "dzh" }, { 0x491, "g" },
    { 0x493, "g" },  { 0x49b, "k" },  { 0x4a3, "n" },    { 0x4af, "u" },  { 0x4b1, "u" },   { 0x4b3, "h" },
    { 0x4b7, "j" },  { 0x4bb, "h" },  { 0x4d9, "a" },    { 0x4e3, "i" },  { 0x4e9, "o" },   { 0x4ef, "u" },
    { 0x56a, "zh" }, { 0x56d, "kh" }, { 0x56e, "ts" },   { 0x571, "dz" }, { 0x572, "gh" },  { 0x573, "ch" },
    { 0x577, "sh" }, { 0x579, "ch" }, { 0x57b, "j" },    { 0x581, "ts" }, { 0x582, "u" },   { 0x587, "ev" },
};

const char *cv_spelling_letter(uint32_t code)
{
    for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
        if (letters[i].code == code)
            return letters[i].latin;
    return NULL;
}

/* What is written in several ways, and the one that is kept: by first letter, the longer ones first. */
struct way {
    const char *from;
    size_t n;
    const char *to;
};
#define WAY(from, to)                                                                                        \
    {                                                                                                        \
        from, sizeof(from) - 1, to                                                                           \
    }
static const struct way of_c[] = { WAY("ch", "c"), WAY("cz", "c"), WAY("ck", "k"), WAY("ct", "kt"), { 0 } };
static const struct way of_d[] = { WAY("dzh", "dz"), WAY("dj", "d"), { 0 } };
static const struct way of_e[] = { WAY("ee", "i"), { 0 } };
static const struct way of_g[] = { WAY("gh", "g"), { 0 } };
static const struct way of_j[] = { WAY("j", "i"), { 0 } };
static const struct way of_k[] = { WAY("kh", "h"), { 0 } };
static const struct way of_o[] = { WAY("ou", "u"), WAY("oo", "u"), { 0 } };
static const struct way of_p[] = { WAY("ph", "f"), { 0 } };
static const struct way of_q[] = { WAY("q", "k"), { 0 } };
static const struct way of_s[] = { WAY("shch", "s"), WAY("szcz", "s"), WAY("sch", "s"),
                                   WAY("sh", "s"),   WAY("sz", "s"),   { 0 } };
static const struct way of_t[] = { WAY("tch", "c"), WAY("ts", "c"), WAY("tz", "c"), WAY("th", "t"), { 0 } };
static const struct way of_w[] = { WAY("w", "v"), { 0 } };
static const struct way of_x[] = { WAY("xh", "dz"), WAY("x", "ks"), { 0 } };
static const struct way of_y[] = { WAY("y", "i"), { 0 } };
static const struct way of_z[] = { WAY("zh", "z"), { 0 } };

static const struct way *const ways[26] = {
    [2] = of_c,  [3] = of_d,  [4] = of_e,  [6] = of_g,  [9] = of_j,  [10] = of_k, [14] = of_o, [15] = of_p,
    [16] = of_q, [18] = of_s, [19] = of_t, [22] = of_w, [23] = of_x, [24] = of_y, [25] = of_z,
};

/* way_of(word, n): how what it begins with is kept; NULL: as it is. */
static const struct way *way_of(const char *word, size_t n)
{
    const struct way *w = word[0] >= 'a' && word[0] <= 'z' ? ways[word[0] - 'a'] : NULL;
    for (; w != NULL && w->from != NULL; w++)
        if (w->n <= n && memcmp(word, w->from, w->n) == 0)
            return w;
    return NULL;
}

/* put(out, n, c): a letter is not doubled, and `ie` is `e`: Yelena, Jelena and Elena are one. */
static size_t put(char *out, size_t n, char c)
{
    if (n > 0 && out[n - 1] == c && (unsigned char)c < 0x80)
        return n;
    if (n > 0 && c == 'e' && out[n - 1] == 'i')
        return put(out, n - 1, 'e');
    if (n < CV_SPELLING_WORD_BYTES)
        out[n++] = c;
    return n;
}

size_t cv_spelling_fold(const char *word, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++)
        if (word[i] >= '0' && word[i] <= '9') {
            memcpy(out, word, n);
            return n;
        }
    for (size_t i = 0; i < n;) {
        const struct way *w = way_of(word + i, n - i);
        if (w == NULL)
            length = put(out, length, word[i]);
        for (const char *to = w != NULL ? w->to : ""; *to != '\0'; to++)
            length = put(out, length, *to);
        i += w != NULL ? w->n : 1;
    }
    return length;
}
