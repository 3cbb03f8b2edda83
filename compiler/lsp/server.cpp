#include "lsp/features.h"
#include "lsp/lsp.h"
#include "lsp/wire.h"

#include "base/json_text.h"
#include "base/messages.h"

#include <functional>
#include <map>

namespace rvb::lsp {

namespace {

// The protocol's numbers.
enum Fault {
  parse_error = -32700,
  invalid_request = -32600,
  no_method = -32601,
  invalid_params = -32602,
  internal = -32603,
  not_initialized = -32002,
  failed = -32803
};
struct ProtocolError : std::runtime_error {
  ProtocolError(Fault fault, const std::string& message) : std::runtime_error(message), fault(fault) {}
  Fault fault;
};

const std::string& text_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string())
    throw ProtocolError(invalid_params, std::string("`") + key + "` is missing");
  return object[key].get_ref<const std::string&>();
}

const Json& object_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_object())
    throw ProtocolError(invalid_params, std::string("`") + key + "` is missing");
  return object[key];
}

class Server {
public:
  Server() {
    const auto ask = [this](auto feature) {
      return [this, feature](const Json& params) {
        const Document& document = opened(params);
        return feature(document, place(document, params));
      };
    };
    requests_ = {
        {"textDocument/hover", ask(hover)},
        {"textDocument/completion", ask(completion)},
        {"textDocument/definition", ask(definition)},
        {"textDocument/prepareRename", ask(prepare_rename)},
        {"textDocument/rename",
         [this](const Json& params) {
           const Document& document = opened(params);
           return rename(document, place(document, params), text_at(params, "newName"));
         }},
        {"textDocument/formatting", [this](const Json& params) { return formatting(opened(params)); }},
        {"initialize",
         [this](const Json&) {
           initialized_ = true;
           return capabilities();
         }},
        {"shutdown",
         [this](const Json&) {
           shut_down_ = true;
           return Json(nullptr);
         }},
    };
    notes_ = {
        {"textDocument/didOpen",
         [this](const Json& params) {
           const Json& document = object_at(params, "textDocument");
           change(text_at(document, "uri"), text_at(document, "text"));
         }},
        {"textDocument/didChange", [this](const Json& params) { changed(params); }},
        {"textDocument/didSave",
         [this](const Json& params) { // imports may be others now
           const Document& document = opened(params);
           change(document.uri, document.text);
         }},
        {"textDocument/didClose",
         [this](const Json& params) {
           const std::string uri = opened(params).uri;
           documents_.erase(uri);
           publish(uri, Json::array());
         }},
    };
  }

  int run() {
    Reader reader(0);
    for (std::string text;;) {
      switch (reader.next(text)) {
      case Reader::Found::end: return 0;
      case Reader::Found::damage: answer_fault(nullptr, parse_error, text); break;
      case Reader::Found::message:
        if (!take(text))
          return shut_down_ ? 0 : 1;
      }
    }
  }

private:
  static Json capabilities() {
    return {{"capabilities",
             {{"positionEncoding", "utf-16"},
              {"textDocumentSync", {{"openClose", true}, {"change", 1}, {"save", true}}},
              {"hoverProvider", true},
              {"completionProvider", {{"triggerCharacters", {">"}}}},
              {"definitionProvider", true},
              {"renameProvider", {{"prepareProvider", true}}},
              {"documentFormattingProvider", true}}},
            {"serverInfo", {{"name", "rvbc"}, {"version", RVB_VERSION}}}};
  }

  void send(Json message) {
    message["jsonrpc"] = "2.0";
    write_message(runtime::json_text(message));
  }
  void answer_fault(const Json& id, Fault fault, const std::string& message) {
    send({{"id", id}, {"error", {{"code", fault}, {"message", message}}}});
  }
  void publish(const std::string& uri, Json list) {
    send({{"method", "textDocument/publishDiagnostics"}, {"params", {{"uri", uri}, {"diagnostics", std::move(list)}}}});
  }

  // False after `exit`.
  bool take(const std::string& text) {
    const Json message = runtime::parse_json<Json>(text.data(), text.size());
    if (message.is_discarded()) {
      answer_fault(nullptr, parse_error, "this is no JSON");
      return true;
    }
    const bool asks = message.is_object() && message.contains("id");
    const Json id = asks && (message["id"].is_string() || message["id"].is_number()) ? message["id"] : Json(nullptr);
    if (!message.is_object() || !message.contains("method") || !message["method"].is_string()) {
      if (!message.is_object() || (!message.contains("result") && !message.contains("error"))) // no answer to us
        answer_fault(id, invalid_request, "this is no request");
      return true;
    }
    const auto& method = message["method"].get_ref<const std::string&>();
    if (method == "exit")
      return false;
    try {
      const Json params = message.contains("params") ? message["params"] : Json::object();
      if (asks)
        send({{"id", id}, {"result", request(method, params)}});
      else if (const auto found = notes_.find(method); found != notes_.end() && initialized_)
        found->second(params);
    } catch (const ProtocolError& error) {
      fail(asks, id, method, error.fault, error.what());
    } catch (const Refused& error) {
      fail(asks, id, method, failed, error.what());
    } catch (const Json::exception& error) { // a field of another type
      fail(asks, id, method, invalid_params, error.what());
    }
    return true;
  }

  void fail(bool asks, const Json& id, const std::string& method, Fault fault, const std::string& message) {
    if (asks)
      answer_fault(id, fault, message);
    else
      runtime::tell("rvbc lsp: {}: {}\n", method.substr(0, 100), message);
  }

  Json request(const std::string& method, const Json& params) {
    const auto found = requests_.find(method);
    if (found == requests_.end())
      throw ProtocolError(no_method, "there is no `" + method.substr(0, 100) + "` here");
    if (!initialized_ && method != "initialize")
      throw ProtocolError(not_initialized, "`initialize` comes first");
    if (shut_down_)
      throw ProtocolError(invalid_request, "after `shutdown` only `exit` is left");
    return found->second(params);
  }

  Document& opened(const Json& params) {
    const auto found = documents_.find(text_at(object_at(params, "textDocument"), "uri"));
    if (found == documents_.end())
      throw ProtocolError(invalid_params, "this document is not open");
    return found->second;
  }

  static size_t place(const Document& document, const Json& params) {
    return offset_at(document.text, object_at(params, "position"));
  }

  void change(const std::string& uri, std::string text) {
    const std::string path = path_of(uri);
    Document& document = documents_[uri];
    document.uri = uri;
    document.path = path.empty() ? "untitled.rvb" : path;
    document.change(std::move(text));
    publish(uri, diagnostics_of(document));
  }

  void changed(const Json& params) {
    const Document& document = opened(params);
    if (!params.contains("contentChanges") || !params["contentChanges"].is_array() || params["contentChanges"].empty())
      throw ProtocolError(invalid_params, "`contentChanges` is missing");
    const Json& last = params["contentChanges"].back();
    if (last.is_object() && last.contains("range"))
      throw ProtocolError(invalid_params, "whole texts are read alone");
    change(document.uri, text_at(last, "text"));
  }

  std::map<std::string, Document> documents_;
  std::map<std::string, std::function<Json(const Json&)>> requests_;
  std::map<std::string, std::function<void(const Json&)>> notes_;
  bool initialized_ = false, shut_down_ = false;
};

} // namespace

int serve() {
  return Server().run();
}

} // namespace rvb::lsp
