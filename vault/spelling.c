#include "vault/spelling.h"

#include <string.h>

static const struct {
    uint32_t code;
    const char *latin;
} letters[] = {
    /* Latin: only what is no ASCII letter with a mark, or is spelled with two */
    { 0x0df, "ss" },
    { 0x0e6, "ae" },
    { 0x0f0, "d" },
    { 0x0f8, "o" },
    { 0x0fe, "th" },
    { 0x10d, "ch" },
    { 0x111, "d" },
    { 0x127, "h" },
    { 0x131, "i" },
    { 0x142, "l" },
    { 0x153, "oe" },
    { 0x161, "sh" },
    { 0x17e, "zh" },
    { 0x259, "a" },
    /* Cyrillic, of the languages from Serbian to Kazakh */
    { 0x430, "a" },
    { 0x431, "b" },
    { 0x432, "v" },
    { 0x433, "g" },
    { 0x434, "d" },
    { 0x435, "e" },
    { 0x436, "zh" },
    { 0x437, "z" },
    { 0x438, "i" },
    { 0x439, "y" },
    { 0x43a, "k" },
    { 0x43b, "l" },
    { 0x43c, "m" },
    { 0x43d, "n" },
    { 0x43e, "o" },
    { 0x43f, "p" },
    { 0x440, "r" },
    { 0x441, "s" },
    { 0x442, "t" },
    { 0x443, "u" },
    { 0x444, "f" },
    { 0x445, "kh" },
    { 0x446, "ts" },
    { 0x447, "ch" },
    { 0x448, "sh" },
    { 0x449, "shch" },
    { 0x44a, "" },
    { 0x44b, "y" },
    { 0x44c, "" },
    { 0x44d, "e" },
    { 0x44e, "yu" },
    { 0x44f, "ya" },
    { 0x451, "e" },
    { 0x452, "dj" },
    { 0x453, "gj" },
    { 0x454, "ye" },
    { 0x455, "dz" },
    { 0x456, "i" },
    { 0x457, "yi" },
    { 0x458, "j" },
    { 0x459, "lj" },
    { 0x45a, "nj" },
    { 0x45b, "c" },
    { 0x45c, "kj" },
    { 0x45e, "u" },
    { 0x45f, "dzh" },
    { 0x491, "g" },
    { 0x493, "g" },
    { 0x49b, "k" },
    { 0x4a3, "n" },
    { 0x4af, "u" },
    { 0x4b1, "u" },
    { 0x4b3, "h" },
    { 0x4b7, "j" },
    { 0x4bb, "h" },
    { 0x4d9, "a" },
    { 0x4e3, "i" },
    { 0x4e9, "o" },
    { 0x4ef, "u" },
    /* Armenian */
    { 0x561, "a" },
    { 0x562, "b" },
    { 0x563, "g" },
    { 0x564, "d" },
    { 0x565, "e" },
    { 0x566, "z" },
    { 0x567, "e" },
    { 0x568, "y" },
    { 0x569, "t" },
    { 0x56a, "zh" },
    { 0x56b, "i" },
    { 0x56c, "l" },
    { 0x56d, "kh" },
    { 0x56e, "ts" },
    { 0x56f, "k" },
    { 0x570, "h" },
    { 0x571, "dz" },
    { 0x572, "gh" },
    { 0x573, "ch" },
    { 0x574, "m" },
    { 0x575, "y" },
    { 0x576, "n" },
    { 0x577, "sh" },
    { 0x578, "o" },
    { 0x579, "ch" },
    { 0x57a, "p" },
    { 0x57b, "j" },
    { 0x57c, "r" },
    { 0x57d, "s" },
    { 0x57e, "v" },
    { 0x57f, "t" },
    { 0x580, "r" },
    { 0x581, "ts" },
    { 0x582, "u" },
    { 0x583, "p" },
    { 0x584, "k" },
    { 0x585, "o" },
    { 0x586, "f" },
    { 0x587, "ev" },
    /* Georgian */
    { 0x10d0, "a" },
    { 0x10d1, "b" },
    { 0x10d2, "g" },
    { 0x10d3, "d" },
    { 0x10d4, "e" },
    { 0x10d5, "v" },
    { 0x10d6, "z" },
    { 0x10d7, "t" },
    { 0x10d8, "i" },
    { 0x10d9, "k" },
    { 0x10da, "l" },
    { 0x10db, "m" },
    { 0x10dc, "n" },
    { 0x10dd, "o" },
    { 0x10de, "p" },
    { 0x10df, "zh" },
    { 0x10e0, "r" },
    { 0x10e1, "s" },
    { 0x10e2, "t" },
    { 0x10e3, "u" },
    { 0x10e4, "p" },
    { 0x10e5, "k" },
    { 0x10e6, "gh" },
    { 0x10e7, "k" },
    { 0x10e8, "sh" },
    { 0x10e9, "ch" },
    { 0x10ea, "ts" },
    { 0x10eb, "dz" },
    { 0x10ec, "ts" },
    { 0x10ed, "ch" },
    { 0x10ee, "kh" },
    { 0x10ef, "j" },
    { 0x10f0, "h" },
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
/* clang-format off */
#define WAY(from, to) { from, sizeof(from) - 1, to }
/* clang-format on */
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
