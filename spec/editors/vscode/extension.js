// Starts `tenet lsp` and speaks the language server protocol with it. What the server can do is its own to say.
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { commands, window, workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;

function settled(text) {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  return text.replaceAll("${workspaceFolder}", folder);
}

/** What the setting names; where that is the default, a virtual environment of the workspace comes before the path. */
function commandOf(settings) {
  const named = settled(settings.get("path", "tenet"));
  const inside = process.platform === "win32" ? ["Scripts", "tenet.exe"] : ["bin", "tenet"];
  const folders = named === "tenet" ? (workspace.workspaceFolders ?? []) : [];
  const places = folders.flatMap((folder) => [".venv", "venv"].map((name) => join(folder.uri.fsPath, name, ...inside)));
  return places.find(existsSync) ?? named;
}

async function start() {
  const settings = workspace.getConfiguration("tenet");
  const command = commandOf(settings);
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
    explain(command, error);
  }
}

async function explain(command, error) {
  const reason = error.message ?? error; // the client rejects with a text
  const chosen = await window.showErrorMessage(
    `The language server \`${command} lsp\` does not start: ${reason} Install it with \`pip install "tenetc[lsp]"\`, ` +
      "or say where it is in the setting tenet.path.",
    "Open the setting",
  );
  if (chosen) {
    await commands.executeCommand("workbench.action.openSettings", "tenet.path");
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
