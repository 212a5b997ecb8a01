using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

public sealed class SandboxCommandTests(Service service)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sandbox_from_create_to_rm()
    {
        var mark = $"mark={Guid.NewGuid():N}";
        var id = (await OkAsync("sandbox", "create", "-m", mark, "-e", "A=b", "--idle-timeout", "60")).TrimEnd();
        Assert.Matches("^sbx_[0-9a-f]{32}$", id);

        Assert.Equal("b\n", await OkAsync("sandbox", "exec", id, "-c", "import os; x = 1; print(os.environ['A'])"));
        Assert.Equal("1\n", await OkAsync("sandbox", "exec", id, "-c", "print(x)"));

        var list = await OkAsync("sandbox", "ls", "-m", mark);
        Assert.Equal(["ID\tSTATE\tTEMPLATE\tCREATED\tEXPIRES\tMETADATA", $"{id}\tready\tdefault"], list.TrimEnd().Split('\n').Select((line, i) => i == 0 ? line : string.Join('\t', line.Split('\t')[..3])));
        var json = JsonDocument.Parse(await OkAsync("sandbox", "ls", "-m", mark, "--json")).RootElement.GetProperty("sandboxes");
        Assert.Equal(id, Assert.Single(json.EnumerateArray()).GetProperty("id").GetString());
        Assert.Contains("idle timeout:  60 s", await OkAsync("sandbox", "get", id), StringComparison.Ordinal);
        Assert.Equal("ready", JsonDocument.Parse(await OkAsync("sandbox", "get", id, "--json")).RootElement.GetProperty("state").GetString());

        Assert.Equal("b\n1\n", await OkAsync("sandbox", "logs", id));
        var events = (await OkAsync("sandbox", "output", id, "--json")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, events.Length);
        var run = JsonDocument.Parse(events[0]).RootElement.GetProperty("run").GetString()!;
        Assert.Equal("b\n", await OkAsync("sandbox", "output", id, "--run", run, "--follow"));
        Assert.Equal("", await OkAsync("sandbox", "output", id, "--run", run, "--after", "1"));

        Assert.Equal($"{id}\n", await OkAsync("sandbox", "rm", id));
        Assert.Equal(SandboxState.Ended, (await service.Client.Attach(id).GetInfoAsync(Cancellation)).State);
        var gone = await Tool.RunAsync(service.Address, ["sandbox", "exec", id, "-c", "1"]);
        Assert.Equal(125, gone.Status);
        Assert.Equal($"podflare: Sandbox {id} has ended: deleted (sandbox_ended).\npodflare: Create another sandbox with `podflare sandbox create`.\n", gone.Err);
    }

    [Fact]
    public async Task A_sandbox_that_cannot_be_deleted_does_not_keep_the_others()
    {
        var id = (await OkAsync("sandbox", "create")).TrimEnd();
        var removed = await Tool.RunAsync(service.Address, ["sandbox", "rm", "sbx_00000000000000000000000000000000", id]);
        Assert.Equal((1, $"{id}\n"), (removed.Status, removed.Out));
        Assert.Contains("There is no sandbox sbx_00000000000000000000000000000000 (sandbox_not_found).", removed.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_copied_both_ways()
    {
        var id = (await OkAsync("sandbox", "create")).TrimEnd();
        var folder = Directory.CreateTempSubdirectory("pf-").FullName;
        var (here, back) = (Path.Combine(folder, "a b.bin"), Path.Combine(folder, "back.bin"));
        var bytes = new byte[3_000_000];
        Random.Shared.NextBytes(bytes);
        await File.WriteAllBytesAsync(here, bytes, Cancellation);

        await OkAsync("sandbox", "cp", here, $"{id}:/tmp/");
        Assert.Equal("3000000\n", await OkAsync("sandbox", "exec", id, "-c", "import os; print(os.path.getsize('/tmp/a b.bin'))"));
        await OkAsync("sandbox", "cp", $"{id}:/tmp/a b.bin", back);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(back, Cancellation));

        Assert.Equal(0, (await Tool.RunAsync(service.Address, ["sandbox", "cp", "-", $"{id}:/root/in.txt"], "piped")).Status);
        Assert.Equal("piped", await OkAsync("sandbox", "cp", $"{id}:/root/in.txt", "-"));
        Assert.Contains("\"bytes\":5", (await OkAsync("sandbox", "cp", "--json", $"{id}:/root/in.txt", back)).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        var absent = await Tool.RunAsync(service.Address, ["sandbox", "cp", $"{id}:/root/none", Path.Combine(folder, "none")]);
        Assert.Equal((1, false), (absent.Status, File.Exists(Path.Combine(folder, "none"))));
        Assert.Contains("file_not_found", absent.Err, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(folder).Length);
        await OkAsync("sandbox", "rm", id);
    }

    [Fact]
    public async Task Mistakes_are_reported_with_the_fix()
    {
        Assert.Contains("ID:PATH", (await Tool.RunAsync(service.Address, ["sandbox", "cp", "a", "b"])).Err, StringComparison.Ordinal);
        Assert.Contains("NAME=VALUE", (await Tool.RunAsync(service.Address, ["sandbox", "create", "-m", "x"])).Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task A_list_fits_the_terminal_and_shows_whole_ids(int columns)
    {
        var mark = $"mark={Guid.NewGuid():N}";
        var id = (await OkAsync("sandbox", "create", "-m", mark)).TrimEnd();
        var lines = (await Tool.OnTerminalAsync(service.Address, columns, "sandbox", "ls", "-m", mark)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var table = lines[Array.FindIndex(lines, line => line.Contains("ID", StringComparison.Ordinal))..];
        Assert.Equal(2, table.Length);
        Assert.Contains(id, table[1], StringComparison.Ordinal);
        var shown = table[1][table[1].IndexOf(id, StringComparison.Ordinal)..];
        Assert.InRange(shown.Length, 1, columns);
        if (columns >= 80) Assert.Matches("^sbx_[0-9a-f]{32}  ready  default   [0-9]+ s ago +in 2[34] h", shown);
        Assert.Equal(columns == 200, shown.EndsWith(mark, StringComparison.Ordinal));
        await OkAsync("sandbox", "rm", id);
    }

    [Fact]
    public async Task Sandboxes_are_selected_listed_and_deleted_by_metadata()
    {
        var mark = $"mark={Guid.NewGuid():N}";
        var (one, two, other) = (await OkAsync("sandbox", "create", "-m", mark), await OkAsync("sandbox", "create", "-m", mark), await OkAsync("sandbox", "create"));
        Assert.Equal(two + one, await OkAsync("sandbox", "list", "-q", "-m", mark));
        Assert.Equal(two + one, await OkAsync("sandbox", "rm", "--all", "-m", mark));
        Assert.Equal(SandboxState.Ready, (await service.Client.Attach(other.TrimEnd()).GetInfoAsync(Cancellation)).State);
        await OkAsync("sandbox", "delete", other.TrimEnd());
    }

    [Fact]
    public async Task A_command_after_two_dashes_keeps_its_words()
    {
        var id = (await OkAsync("sandbox", "create")).TrimEnd();
        Assert.Equal("-l|a b|it's|$HOME|*\n", await OkAsync("sandbox", "exec", id, "--", "python3", "-c", "import sys; print('|'.join(sys.argv[1:]))", "-l", "a b", "it's", "$HOME", "*"));
        Assert.Equal(3, (await Tool.RunAsync(service.Address, ["sandbox", "exec", id, "--", "bash", "-c", "exit 3"])).Status);
        await OkAsync("sandbox", "rm", id);
    }

    [Fact]
    public async Task Logs_follow_the_code_that_runs()
    {
        var sandbox = await service.Client.CreateSandboxAsync(cancellationToken: Cancellation);
        await sandbox.RunAsync("print('first')", cancellationToken: Cancellation);
        using var run = await sandbox.StartRunAsync("import time, os\nprint('second', flush=True)\nwhile not os.path.exists('/tmp/go'): time.sleep(0.01)\nprint('third')", cancellationToken: Cancellation);
        await Until.TrueAsync(async () => (await run.GetInfoAsync(Cancellation)).LastSeq == 1, "the second line is written");
        using var logs = Tool.Start(service.Address, ["sandbox", "output", "-f", sandbox.Id]);
        await Until.TrueAsync(() => logs.Out == "first\nsecond\n", "the stored lines are shown");
        await sandbox.Files.WriteTextAsync("/tmp/go", "", Cancellation);
        Assert.Equal((0, "first\nsecond\nthird\n"), await logs.EndAsync() is var end ? (end.Status, end.Out) : default);
        await sandbox.DisposeAsync();
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Completion_scripts_are_written(string shell)
    {
        var script = await OkAsync("completion", shell);
        Assert.Contains("[suggest:", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bash_completes_commands_options_sandbox_ids_and_templates()
    {
        var tool = TestRun.Program("Cli", "podflare.dll");
        var id = (await OkAsync("sandbox", "create")).TrimEnd();
        var script = $$"""
            export PODFLARE_HOSTD_URL={{service.Address}}
            podflare() { dotnet {{tool}} "$@"; }
            source <(podflare completion bash)
            try() { COMP_LINE=$1 COMP_POINT=${#1}; read -ra COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _podflare; echo "${COMPREPLY[*]}"; }
            try 'podflare sand'
            try 'podflare sandbox l'
            try 'podflare run --langu'
            try 'podflare run --language '
            try 'podflare sandbox get {{id[..^4]}}'
            try 'podflare run --template def'
            """;
        using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true })!;
        var lines = (await shell.StandardOutput.ReadToEndAsync(Cancellation)).Split('\n');
        Assert.Equal(["sandbox", "list ls", "--language", "bash python", id, "default"], lines[..6]);
        await OkAsync("sandbox", "rm", id);
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var result = await Tool.RunAsync(service.Address, arguments);
        Assert.True(result.Status == 0, $"{result.Status}: {result.Err}");
        return result.Out;
    }
}
