// Starts `rvbc lsp` and hands it the texts of the editor.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("rvb").get("compiler");
  client = new LanguageClient("rvb", "rvb", { command, args: ["lsp"] }, { documentSelector: [{ language: "rvb" }] });
  return client.start();
};

exports.deactivate = () => client && client.stop();
