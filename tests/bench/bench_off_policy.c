/* Off-policy estimates of a log given as text: what bench_off_policy.js compares with a plain
 * script.
 *
 *   bench_off_policy LOG ROWS ARMS FOLDS PRIOR
 *
 * LOG: the other policy's probability of every arm, one a line, then rows "arm propensity reward".
 * stdout, CSV:  NAME,VALUE,LOW,HIGH of ips, snips, dm, dr   effective,N   mean_weight,N
 *               largest_share,N   warning,TEXT */
#include <stdio.h>
#include <stdlib.h>

#include "learn/off_policy.h"

static void stop(const char *why) {
    fprintf(stderr, "bench_off_policy: %s\n", why);
    exit(1);
}

static double *numbers(rk_memory *memory, uint64_t count) {
    double *block = RK_NEW(memory, double, count);
    if (!block) stop("out of memory");
    return block;
}

int main(int count, char **words) {
    if (count != 6) stop("usage: see the head of bench_off_policy.c");
    const uint64_t rows = strtoull(words[2], NULL, 10);
    const uint32_t arms = (uint32_t)strtoul(words[3], NULL, 10);
    const uint32_t folds = (uint32_t)strtoul(words[4], NULL, 10);
    FILE *file = fopen(words[1], "r");
    if (!file || rows == 0 || arms == 0 || folds < 2) stop("arguments");
    rk_memory memory = {0};
    double *policy = numbers(&memory, arms), *propensity = numbers(&memory, rows);
    double *target = numbers(&memory, rows), *reward = numbers(&memory, rows);
    double *predicted = numbers(&memory, rows), *expected = numbers(&memory, rows);
    uint32_t *arm = RK_NEW(&memory, uint32_t, rows);
    if (!arm) stop("out of memory");
    for (uint32_t a = 0; a < arms; a++)
        if (fscanf(file, "%lf", &policy[a]) != 1) stop("the policy is short");
    for (uint64_t i = 0; i < rows; i++) {
        if (fscanf(file, "%u %lf %lf", &arm[i], &propensity[i], &reward[i]) != 3 || arm[i] >= arms)
            stop("a row cannot be read");
        target[i] = policy[arm[i]];
    }
    fclose(file);
    if (!rk_off_policy_arm_model(arm, reward, rows, policy, arms, folds, strtod(words[5], NULL),
                                 predicted, expected))
        stop("out of memory");
    const rk_off_policy_log log = {rows, propensity, target, reward, predicted, expected};
    const rk_off_policy r = rk_off_policy_estimate(&log);
    static const char *const names[RK_ESTIMATORS] = {"ips", "snips", "dm", "dr"};
    for (int e = 0; e < RK_ESTIMATORS; e++)
        printf("%s,%.17g,%.17g,%.17g\n", names[e], r.estimate[e].value, r.estimate[e].low,
               r.estimate[e].high);
    char text[RK_OFF_POLICY_TEXT];
    rk_off_policy_warning(&r, rows, text);
    printf("effective,%.17g\nmean_weight,%.17g\nlargest_share,%.17g\nwarning,%s\n", r.effective,
           r.mean_weight, r.largest_share, text);
    rk_memory_free(&memory);
    return 0;
}
