// Rank tests for samples of times: they assume nothing about a distribution's shape.
#pragma once
#include <cstddef>
#include <vector>

namespace oracle {

using Sample = std::vector<double>;

// Are these samples of one distribution? (Kruskal and Wallis 1952, corrected for ties.)
struct KruskalWallis {
  double h = 0;
  std::size_t degrees = 0;
  double p = 1; // of an h as large or larger if they are
};
KruskalWallis kruskal_wallis(const std::vector<Sample>& samples);

// Two of them (Mann and Whitney 1947): two-sided, normal approximation, corrected for ties.
struct MannWhitney {
  double p = 1;
  // Cliff's delta: how much more often a value of `a` is larger than one of `b` than the other way
  // round. 0: inseparable; 1 or -1: completely separate. Below 0.147 it is commonly called
  // negligible.
  double delta = 0;
};
MannWhitney mann_whitney(const Sample& a, const Sample& b);

double quantile(Sample sample, double share);

// Against published examples; false: do not believe a word of it.
bool statistics_are_right();

} // namespace oracle
