// Starts `tenet lsp` and speaks the language server protocol with it. What the server can do is its own to say.
"use strict";

const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

function settled(text) {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return text.replaceAll("${workspaceFolder}", folder);
}

async function start() {
  const settings = workspace.getConfiguration("tenet");
  const command = settled(settings.get("path", "tenet"));
  const run = { command, args: settings.get("arguments", ["lsp"]).map(settled), transport: TransportKind.stdio };
  client = new LanguageClient(
    "tenet",
    "Tenet",
    { run, debug: run },
    {
      documentSelector: [
        { scheme: "file", language: "tenet" },
        { scheme: "untitled", language: "tenet" },
      ],
    },
  );
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    window.showErrorMessage(
      `${command} does not start: ${error.message}. Install it with \`pip install "tenetc[lsp]"\`, ` +
        "or say where it is in the setting tenet.path.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand("tenet.restart", restart),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("tenet.path") || change.affectsConfiguration("tenet.arguments")) {
        return restart();
      }
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
