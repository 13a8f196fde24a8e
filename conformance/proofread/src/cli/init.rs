//! `proofread init`: looks at a server and writes a configuration for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;
use prost_reflect::Kind;

use super::{
    connection::{ConnectionArguments, ContractArguments},
    output,
    session::{Session, block_on},
};
use crate::{
    case::Phase,
    cases::Fixtures,
    config::{Config, toml_string},
    contract::{Access, Contract, Method},
    engine::{self, Plan},
    failures::relative_to_folder_of,
    load::reflection,
    profile::Profile,
    style::count,
};

/// The greatest number of fields in the list of fixtures.
const MAX_FIELDS: usize = 20;

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The URL of the server: http://HOST:PORT, or https:// for TLS.
    url: String,

    #[command(flatten)]
    contract: ContractArguments,

    #[command(flatten, next_help_heading = "Connection")]
    connection: ConnectionArguments,

    /// The file to write; it must not exist yet.
    #[arg(long, value_name = "FILE", default_value = "proofread.toml")]
    out: PathBuf,
}

impl Init {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.out.display();
        if self.out.exists() {
            bail!("{file} exists already; remove it, or name another file by --out");
        }
        let text = block_on(self.configuration())?;
        fs::write(&self.out, text).with_context(|| format!("can't write {file}"))?;
        output::print(&format!(
            "{file} is written; look at it, and then run `proofread check`\n"
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn configuration(&self) -> anyhow::Result<String> {
        let config = Config::default();
        let session =
            Session::open(&self.url, &config, &self.contract, None, &self.connection).await?;
        let mut text = format!(
            "# The configuration of `proofread check`, which `proofread init` wrote for this server.\n\n\
             url = {}\n",
            toml_string(&self.url)
        );
        self.contract(&mut text, &session);
        let served = services(&mut text, &session).await;
        profile(&mut text, &session, &served).await;
        text.push_str(
            "\n# More random cases find more, and take longer.\nrandom_cases = 100\nseed = 1\n",
        );
        self.tls(&mut text, &config)?;
        credentials(&mut text, &session.contract);
        fixtures(&mut text, &session.contract);
        Ok(text)
    }

    /// A path as it is seen from the folder of the configuration.
    fn quoted(&self, path: &Path) -> String {
        let path = relative_to_folder_of(&self.out, path);
        toml_string(&path.display().to_string())
    }

    fn contract(&self, text: &mut String, session: &Session) {
        let list = |paths: &[PathBuf]| {
            let paths = paths.iter().map(|path| self.quoted(path));
            format!("[{}]", paths.collect::<Vec<_>>().join(", "))
        };
        match &session.contract_source {
            None => text.push_str(
                "# The contract comes from the reflection of the server, whose rules the server can get\n\
                 # wrong; better name your own.\n# contract = \"proto\"\n",
            ),
            Some(source) => {
                let _ = writeln!(text, "contract = {}", list(&source.paths));
                if !source.import_paths.is_empty() {
                    let _ = writeln!(text, "import_paths = {}", list(&source.import_paths));
                }
            }
        }
    }

    fn tls(&self, text: &mut String, config: &Config) -> anyhow::Result<()> {
        let files = self.connection.tls_files(config)?;
        let mut lines = String::new();
        let mut line = |key: &str, value: String| {
            let _ = writeln!(lines, "{key} = {value}");
        };
        if let Some(ca) = &files.ca {
            line("ca", self.quoted(ca));
        }
        if let Some((cert, key)) = &files.identity {
            line("cert", self.quoted(cert));
            line("key", self.quoted(key));
        }
        if let Some(name) = &files.server_name {
            line("server_name", toml_string(name));
        }
        if files.insecure {
            lines.push_str("insecure = true\n");
        }
        if !lines.is_empty() {
            let _ = write!(text, "\n[tls]\n{lines}");
        }
        Ok(())
    }
}

/// Selects the services that the server lists by reflection, or that answer. Returns their
/// methods.
async fn services<'s>(text: &mut String, session: &'s Session) -> Vec<&'s Method> {
    let listed = reflection::services(&session.probe, session.timeout).await;
    let listed = listed.map(|(_, names)| names).unwrap_or_default();
    let all = session.contract.services();
    let (served, missing): (Vec<_>, Vec<_>) =
        all.partition(|service| listed.is_empty() || listed.contains(&service.full_name));
    if !served.is_empty() && !missing.is_empty() {
        text.push_str("\n# The services that the server lists by reflection. It does not list:\n");
        for service in &missing {
            let _ = writeln!(text, "# - {}", service.full_name);
        }
        let names = served
            .iter()
            .map(|service| toml_string(&format!("{}/*", service.full_name)));
        let names = names.map(|name| format!("  {name},\n")).collect::<String>();
        let _ = write!(text, "include = [\n{names}]\n");
    }
    served
        .into_iter()
        .flat_map(|service| &service.methods)
        .collect()
}

/// Chooses the profile by the wire phase of one method.
async fn profile(text: &mut String, session: &Session, served: &[&Method]) {
    let mut callable = served
        .iter()
        .filter(|method| session.probe.has_credential_for(method));
    let Some(method) = callable.next() else {
        text.push_str("\n# profile = \"strict\"\n");
        return;
    };
    let mut best: Option<(u64, &str)> = None;
    for name in Profile::NAMES {
        let Some(profile) = Profile::named(name) else {
            continue;
        };
        let mut plan = Plan::new(&session.contract, &session.probe, profile);
        plan.methods = vec![method];
        plan.phases = [Phase::Wire].into();
        plan.timeout = session.timeout;
        let report = engine::run(&plan, &Fixtures::default(), |_| {}).await;
        let counts = report.counts.iter().filter(|it| it.phase == Phase::Wire);
        let (sent, failed) = counts.fold((0, 0), |(sent, failed), it| {
            (sent + it.sent, failed + it.failed)
        });
        if sent == 0 {
            break;
        }
        if best.is_none_or(|(fewest, _)| failed < fewest) {
            best = Some((failed, name));
        }
        if failed == 0 {
            break;
        }
    }
    match best {
        None => text.push_str("\n# profile = \"strict\"\n"),
        Some((failed, name)) => {
            let path = method.path.trim_start_matches('/');
            let deviations = match failed {
                0 => "as this profile expects".to_owned(),
                failed => format!(
                    "with {} from this profile, the fewest",
                    count(failed, "deviation")
                ),
            };
            let _ = write!(
                text,
                "\n# The gRPC implementation: {path} reacts to malformed calls\n# {deviations}.\n\
                 profile = \"{name}\"\n"
            );
        }
    }
}

fn credentials(text: &mut String, contract: &Contract) {
    let mut methods_by_name: BTreeMap<(&str, bool), (String, usize)> = BTreeMap::new();
    for method in contract.methods() {
        for access in &method.access {
            for name in access.credential_names() {
                let is_service = !access.services.is_empty();
                let (header, uses) = methods_by_name.entry((name, is_service)).or_default();
                *header = header_of(access, name);
                *uses += 1;
            }
        }
    }
    for ((name, is_service), (header, uses)) in methods_by_name {
        let variable = name.to_ascii_uppercase().replace(['-', '.'], "_");
        let uses = count(uses as u64, "method");
        let _ = write!(
            text,
            "\n# {uses} can be called with this credential. Without it, only the refusal is tested.\n\
             # [credentials.{name}]\n# token = \"${{{variable}_TOKEN}}\"\n"
        );
        if is_service {
            let _ = write!(
                text,
                "# header = {}\n# Or, instead of both, the client certificate that names it:\n\
                 # cert = \"client.pem\"\n# key = \"client.key\"\n",
                toml_string(&header)
            );
        }
    }
}

fn header_of(access: &Access, name: &str) -> String {
    format!("{}: {name} {{token}}", access.metadata_key)
}

/// The fields of requests that look like ids of existing data.
fn fixtures(text: &mut String, contract: &Contract) {
    let mut by_name: BTreeMap<&str, (bool, BTreeSet<&str>)> = BTreeMap::new();
    for name in contract.request_messages() {
        let fields = contract.message(name).into_iter().flat_map(|it| &it.fields);
        for field in fields.filter(|field| is_id(&field.name)) {
            let is_text = matches!(field.value_kind(), Kind::String);
            let is_number =
                !is_text && !matches!(field.value_kind(), Kind::Message(_) | Kind::Bytes);
            if is_text || is_number {
                let (text, messages) = by_name.entry(&field.name).or_default();
                *text = is_text;
                messages.insert(name);
            }
        }
    }
    if by_name.is_empty() {
        return;
    }
    text.push_str(
        "\n# Values of existing data, so that valid requests are answered by OK and not by NOT_FOUND.\n\
         # [fixtures]\n",
    );
    for (name, (is_text, messages)) in by_name.iter().take(MAX_FIELDS) {
        let example = if *is_text { "\"...\"" } else { "1" };
        let messages = count(messages.len() as u64, "message");
        let _ = writeln!(
            text,
            "# {} = [{example}]  # in {messages}",
            toml_string(&format!("*.{name}"))
        );
    }
}

fn is_id(name: &str) -> bool {
    matches!(name, "id" | "ids") || name.ends_with("_id") || name.ends_with("_ids")
}
