#include "drawing/page.h"

#include "drawing/svg.h"

#include <fmt/format.h>

namespace rvb::runtime {

namespace {

const char* const page_styles =
    "body{font:15px/1.5 system-ui,'DejaVu Sans',Helvetica,sans-serif;color:#222;max-width:1120px;margin:2em auto;"
    "padding:0 20px}h1{font-size:26px;margin:0}h2{font-size:19px;margin:2em 0 .6em;border-bottom:1px solid #ddd}"
    "h3{font-size:15px;margin:.8em 0 0}.sub{color:#555}.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:1.2em 0}"
    ".tile{border:1px solid #ddd;border-radius:6px;padding:8px 16px;min-width:130px}.tile "
    "b{display:block;font-size:21px}"
    ".tile span{color:#555;font-size:13px}.grid{display:flex;flex-wrap:wrap;gap:10px 24px}"
    "table{border-collapse:collapse;font-size:13.5px;margin:.6em 0}th,td{padding:3px 12px;text-align:right;"
    "border-bottom:1px solid #eee}th{border-bottom:1px solid #999;font-weight:600}th:first-child,td:first-child,"
    "table.pairs td,table.words th,table.words td{text-align:left}table.words td{white-space:nowrap}"
    "table.words td:last-child{white-space:normal}"
    "table.pairs td:first-child{color:#555}svg{max-width:100%;height:auto}"
    "li{margin:.2em 0}.scroll{overflow-x:auto}.on-dark{font-size:10px;fill:#fff!important}code{font-size:13px}";

} // namespace

std::string html_page(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
         "content=\"width=device-width\"><title>" +
         escaped(title) + "</title>\n<style>" + page_styles + svg_styles + "</style></head><body>\n" + body +
         "</body></html>\n";
}

std::string tile(const std::string& value, const std::string& what) {
  return "<div class=\"tile\"><b>" + escaped(value) + "</b><span>" + escaped(what) + "</span></div>\n";
}

std::string table_row(const std::vector<std::string>& cells, const char* tag) {
  std::string text = "<tr>";
  for (const std::string& cell : cells)
    text += fmt::format("<{}>{}</{}>", tag, escaped(cell), tag);
  return text + "</tr>\n";
}

} // namespace rvb::runtime
