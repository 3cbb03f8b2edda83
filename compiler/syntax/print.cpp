// The formatter. Lines are printed one unit at a time (a simple statement, a header up to its `{`, a `}`, a line of a
// pipeline); comments go back in the order of the text: above the unit they stand before or inside of, or after the
// unit they follow on its line.
#include "syntax/print.h"

#include <algorithm>

namespace rvb::syntax {

using namespace ast;

namespace {

constexpr size_t longest_line = 120; // a longer pipeline gets a line for every stage

class Formatter {
public:
  Formatter(const Sources& sources, const File& file)
      : text_(sources[file.file].text), comments_(file.comments), items_(file.items) {}

  std::string run() {
    bool after_body = false;
    for (const Item& item : items_) {
      const bool has_body = item.kind >= Item::Kind::block;
      want_blank_ = has_body || after_body;
      this->item(item);
      after_body = has_body;
    }
    want_blank_ = after_body;
    comments_before(text_.size());
    return std::move(out_);
  }

private:
  // Whether the text leaves a line empty before `at`.
  bool blank_before(size_t at) const {
    int newlines = 0;
    while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\t' || text_[at - 1] == '\r' || text_[at - 1] == '\n'))
      newlines += text_[--at] == '\n';
    return newlines >= 2;
  }

  void blank(bool wanted) {
    if ((wanted || want_blank_) && !fresh_ && !out_.empty())
      out_ += '\n';
    want_blank_ = false;
  }

  void line(const std::string& text) {
    out_.append(static_cast<size_t>(level_) * 2, ' ');
    out_ += text + "\n";
    fresh_ = false;
  }

  void comments_before(size_t at) {
    for (; next_ < comments_.size() && comments_[next_].range.begin < at; ++next_) {
      blank(blank_before(comments_[next_].range.begin));
      line(comments_[next_].text);
    }
  }

  enum class Blank { keep, never };

  void unit(const std::string& text, size_t begin, size_t end, Blank keep = Blank::keep) {
    comments_before(begin);
    blank(keep == Blank::keep && blank_before(begin));
    comments_before(end);
    line(text);
    // Comments after it on its line.
    size_t last = end;
    for (; next_ < comments_.size(); ++next_) {
      const Comment& comment = comments_[next_];
      while (last < comment.range.begin && (text_[last] == ' ' || text_[last] == '\t' || text_[last] == '\r'))
        ++last;
      if (last != comment.range.begin || comment.text.find('\n') != std::string::npos)
        break;
      out_.pop_back();
      out_ += "  " + comment.text + "\n";
      last = comment.range.end;
    }
  }

  void close(size_t begin, size_t end, const std::string& text) {
    ++level_;
    comments_before(end);
    --level_;
    want_blank_ = false;
    unit(text, begin, end, Blank::never);
  }

  void statements(const Body& body) {
    ++level_;
    fresh_ = true;
    want_blank_ = false;
    for (const Statement& each : body.statements)
      statement(each);
    --level_;
  }

  void body(const std::string& header, size_t begin, const Body& body) {
    unit(header + " {", begin, body.range.begin + 1);
    statements(body);
    close(body.range.end - 1, body.range.end, "}");
  }

  // `prefix expression`, a pipeline on several lines where the text has it so or one line is too short.
  void value(const std::string& prefix, const Expr& expr, Range range) {
    const std::string whole = prefix + format(expr);
    if (expr.kind != Expr::Kind::pipeline) {
      unit(whole, range.begin, range.end);
      return;
    }
    std::vector<bool> breaks = breaks_of(expr);
    size_t longest = 0;
    std::vector<std::string> lines = pipeline_lines(prefix, expr, breaks);
    for (const std::string& each : lines)
      longest = std::max(longest, each.size() + static_cast<size_t>(level_) * 2);
    if (longest > longest_line) {
      breaks.assign(expr.operands.size(), true);
      lines = pipeline_lines(prefix, expr, breaks);
    }
    size_t index = 0, operand = 0;
    for (; index < lines.size(); ++index) {
      const size_t begin = index == 0 ? range.begin : expr.operands[operand]->range.begin;
      for (++operand; operand < expr.operands.size() && !breaks[operand];)
        ++operand;
      const bool last = operand == expr.operands.size();
      level_ += index > 0;
      unit(lines[index], begin, last ? range.end : expr.operands[operand - 1]->range.end,
           index == 0 ? Blank::keep : Blank::never);
      level_ -= index > 0;
    }
  }

  std::vector<bool> breaks_of(const Expr& expr) const {
    std::vector<bool> breaks(expr.operands.size(), false);
    size_t comment = next_;
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      size_t at = expr.operands[i - 1]->range.end;
      const size_t end = expr.operands[i]->range.begin;
      while (comment < comments_.size() && comments_[comment].range.begin < at)
        ++comment;
      for (; at < end; ++at) {
        if (comment < comments_.size() && comments_[comment].range.begin == at) // its line breaks do not count
          at = comments_[comment++].range.end;
        if (at < end && text_[at] == '\n')
          breaks[i] = true;
      }
    }
    return breaks;
  }

  static std::vector<std::string> pipeline_lines(const std::string& prefix, const Expr& expr,
                                                 const std::vector<bool>& breaks) {
    std::vector<std::string> lines = {prefix};
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      std::string stage = format(*expr.operands[i]);
      if (i == 0) {
        // What flows in may be a conditional, but no pipeline: the grammar joins those.
        lines.back() += stage;
        continue;
      }
      if (breaks[i])
        lines.push_back("|> " + stage);
      else
        lines.back() += " |> " + stage;
    }
    return lines;
  }

  void statement(const Statement& statement) {
    const std::string& name = statement.name.text;
    switch (statement.kind) {
    case Statement::Kind::assign: value(name + " = ", *statement.value, statement.range); break;
    case Statement::Kind::state:
    case Statement::Kind::trained:
      unit((statement.kind == Statement::Kind::state ? "state " : "trained ") + name + " = " +
               format(*statement.value) + (statement.end ? " over " + format(*statement.end) : ""),
           statement.range.begin, statement.range.end);
      break;
    case Statement::Kind::gradient: value("gradient " + name + " = ", *statement.value, statement.range); break;
    case Statement::Kind::emit: value("emit ", *statement.value, statement.range); break;
    case Statement::Kind::give: value("return ", *statement.value, statement.range); break;
    case Statement::Kind::repeat:
      body("repeat " + name + " in " + format(*statement.value) + ".." + format(*statement.end), statement.range.begin,
           statement.body);
      break;
    case Statement::Kind::branch: branch(statement); break;
    }
  }

  void branch(const Statement& statement) {
    const std::vector<Arm>& arms = statement.arms;
    unit("if " + format(*arms[0].condition) + " {", statement.range.begin, arms[0].body.range.begin + 1);
    for (size_t i = 0; i < arms.size(); ++i) {
      statements(arms[i].body);
      const size_t begin = arms[i].body.range.end - 1;
      if (i + 1 == arms.size()) {
        close(begin, begin + 1, "}");
        break;
      }
      const Arm& next = arms[i + 1];
      close(begin, next.body.range.begin + 1,
            next.condition ? "} else if " + format(*next.condition) + " {" : "} else {");
    }
  }

  static std::string parameters(const std::vector<Parameter>& parameters) {
    std::string text = "(";
    for (const Parameter& parameter : parameters) {
      text += (text.size() == 1 ? "" : ", ") + parameter.name.text;
      if (parameter.value)
        text += " = " + format(*parameter.value);
    }
    return text + ")";
  }

  void item(const Item& item) {
    const std::string& name = item.name.text;
    switch (item.kind) {
    case Item::Kind::import:
      unit("import " + (item.value ? format(*item.value) : name), item.range.begin, item.range.end);
      break;
    case Item::Kind::param:
      if (item.choices)
        unit("param " + name + " = " + format(*item.value) + " in " + format(*item.choices), item.range.begin,
             item.range.end);
      else
        value("param " + name + " = ", *item.value, item.range);
      break;
    case Item::Kind::let: value("let " + name + " = ", *item.value, item.range); break;
    case Item::Kind::block: body("block " + name + parameters(item.parameters), item.range.begin, item.body); break;
    case Item::Kind::function:
    case Item::Kind::cell:
      body((item.kind == Item::Kind::cell ? "cell " : "function ") + name + parameters(item.parameters),
           item.range.begin, item.body);
      break;
    case Item::Kind::neuron:
      body("neuron " + name + (item.parentheses ? parameters(item.parameters) : ""), item.range.begin, item.body);
      break;
    case Item::Kind::network:
      body("network " + name + "(" + item.parameters[0].name.text + ": " + format(*item.shape) +
               (item.input.sequence ? " over " : " repeated ") + format(*item.input.steps) +
               (item.input.condition ? " if " + format(*item.input.condition) : "") + ")" +
               (item.value ? " from " + format(*item.value) : ""),
           item.range.begin, item.body);
      break;
    case Item::Kind::recipe: body("recipe", item.range.begin, item.body); break;
    }
  }

  const std::string& text_;
  const std::vector<Comment>& comments_;
  const std::vector<Item>& items_;
  std::string out_;
  size_t next_ = 0; // comment
  int level_ = 0;
  bool fresh_ = true;       // nothing stands in this body yet: no blank line here
  bool want_blank_ = false; // before the next line, whatever the text has
};

} // namespace

std::string format(const Sources& sources, const File& file) {
  return Formatter(sources, file).run();
}

} // namespace rvb::syntax
