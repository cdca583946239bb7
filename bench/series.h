// Medians and spread of a few samples.
#pragma once

#include <algorithm>
#include <vector>

namespace cr::bench {

class Series {
 public:
  void add(double v) { v_.push_back(v); }
  double median() const {
    if (v_.empty()) return 0;
    std::vector<double> s = v_;
    std::sort(s.begin(), s.end());
    return s.size() % 2 ? s[s.size() / 2] : (s[s.size() / 2 - 1] + s[s.size() / 2]) / 2;
  }
  double min() const { return v_.empty() ? 0 : *std::min_element(v_.begin(), v_.end()); }
  double max() const { return v_.empty() ? 0 : *std::max_element(v_.begin(), v_.end()); }
  /// Half the distance of the extremes, in percent of the median.
  double spread() const { return median() > 0 ? (max() - min()) / 2 / median() * 100 : 0; }

 private:
  std::vector<double> v_;
};

}  // namespace cr::bench
