"""Financial analysis (财务分析): statements in, ratios, distress scores and points out."""
