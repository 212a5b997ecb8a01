using System.Formats.Tar;
using System.Text;
using Podflare.Cli.Engine;

namespace Podflare.Cli.Templates;

/// <summary>The Dockerfile of a template that is a base image and lists of packages.</summary>
/// <param name="From">The base image.</param>
/// <param name="Packages">Names of Debian packages.</param>
/// <param name="Requirements">Lines of a requirements file of pip.</param>
internal sealed record PackageDockerfile(string From, IReadOnlyList<string> Packages, IReadOnlyList<string> Requirements)
{
    public const string FileName = "Dockerfile";

    /// <summary>Has apt and, after an install of its packages, everything else.</summary>
    public const string DefaultBase = "debian:stable-slim";

    private const string RequirementsFile = "requirements.txt";

    // Lines of a RUN step. Each is a shell command.
    private const string Join = "; \\\n    ";

    public override string ToString()
    {
        var text = new StringBuilder($"FROM {From}\nUSER root\n");
        // The base may have a Python of its own, which then must not get a second one beside it.
        var apt = string.Join(Join, [
            "RUN command -v apt-get >/dev/null || { echo 'the base image has no apt-get: name a Debian or Ubuntu image with --from, such as debian:stable-slim' >&2; exit 1; }\nRUN set -eu",
            "python=$(command -v python3 >/dev/null || echo python3)",
            "export DEBIAN_FRONTEND=noninteractive",
            "apt-get update",
            $"apt-get install -y --no-install-recommends $python {string.Join(' ', Packages)}".TrimEnd(),
            "rm -rf /var/lib/apt/lists/* /var/cache/apt/*",
        ]);
        if (Packages.Count > 0) text.Append(apt).Append('\n');
        if (Requirements.Count == 0) return text.ToString();
        text.Append(string.Join(Join, [
            "RUN set -eu",
            "if ! python3 -m pip --version >/dev/null 2>&1; then \\\n"
                + "      command -v apt-get >/dev/null || { echo 'the base image has neither pip nor apt-get: name one that has with --from, such as python:3.13-slim or debian:stable-slim' >&2; exit 1; }",
            "  export DEBIAN_FRONTEND=noninteractive",
            "  apt-get update",
            "  apt-get install -y --no-install-recommends python3 python3-pip",
            "  rm -rf /var/lib/apt/lists/* /var/cache/apt/*",
            "fi",
        ])).Append('\n');
        // A Debian Python asks that its own packages be left alone. In an image that is nobody's loss.
        return text.Append($"COPY {RequirementsFile} /tmp/{RequirementsFile}\n")
            .Append("RUN PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \\\n")
            .Append($"    python3 -m pip install -r /tmp/{RequirementsFile} && rm /tmp/{RequirementsFile}\n")
            .ToString();
    }

    public ContextContent ToContent() => Requirements.Count == 0
        ? Archive((FileName, ToString()))
        : Archive((FileName, ToString()), (RequirementsFile, string.Concat(Requirements.Select(static line => $"{line}\n"))));

    /// <summary>An archive of small files.</summary>
    public static ContextContent Archive(params (string Name, string Text)[] files) => new(async (stream, cancellationToken) =>
    {
        await using var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (name, text) in files)
        {
            // Without its time, which would make the same file another one for the builder's cache.
            var entry = new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), ModificationTime = DateTimeOffset.UnixEpoch };
            await tar.WriteEntryAsync(entry, cancellationToken);
        }
    });
}
