using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Cli;

/// <summary>Arguments that cannot be used. No server is contacted.</summary>
public sealed class UsageTests
{
    private static readonly Uri Nowhere = new("http://127.0.0.1:9");

    [Theory]
    [InlineData("Unknown command 'frobnicate'.", "podflare", "frobnicate")]
    [InlineData("Unknown command 'sandbx'. Did you mean 'sandbox'?", "podflare", "sandbx ls")]
    [InlineData("Unknown command 'rnu'. Did you mean 'run'?", "podflare", "rnu")]
    [InlineData("Unknown option '--all'.", "podflare sandbox", "sandbox --all")]
    [InlineData("Unknown option '-x'.", "podflare run", "run -x")]
    [InlineData("With --interactive, stdin is for the code;", "podflare run", "run -i -")]
    [InlineData("Put -- before the command.", "podflare shell", "shell sbx_1 python3")]
    [InlineData("Use either --attach or a command.", "podflare shell", "shell sbx_1 --attach run_1 -- ls")]
    [InlineData("Argument <run> is missing.", "podflare sandbox kill", "sandbox kill sbx_1")]
    [InlineData("Use either --run or --background.", "podflare sandbox output", "sandbox output sbx_1 --background --run run_1")]
    [InlineData("Unknown option '--al'. Did you mean '--all'?", "podflare sandbox rm", "sandbox rm --al")]
    [InlineData("Unknown option '-x'.", "podflare sandbox get", "sandbox get -x")]
    [InlineData("Unknown option '--templat'. Did you mean '--template'?", "podflare run", "run --templat small -c 1")]
    [InlineData("Argument <from> is missing.", "podflare sandbox cp", "sandbox cp")]
    [InlineData("<shell> must be bash, zsh or fish, not 'tcsh'.", "podflare completion", "completion tcsh")]
    [InlineData("A command is missing:", "podflare sandbox", "sandbox")]
    [InlineData("Name what to run:", "podflare run", "run")]
    [InlineData("Use either a file or --code.", "podflare run", "run x.py -c 1")]
    [InlineData("Put the whole command after --.", "podflare run", "run x.py -- ls")]
    [InlineData("Name a command after --.", "podflare run", "run --")]
    [InlineData("Unknown option '--frob'.", "podflare sandbox ls", "sandbox ls --frob")]
    [InlineData("Unexpected argument 'extra'.", "podflare sandbox ls", "sandbox ls extra")]
    [InlineData("--timeout must be a number, not 'x'.", "podflare run", "run -c 1 --timeout x")]
    [InlineData("--timeout must be more than 0 seconds.", "podflare run", "run -c 1 --timeout 0")]
    [InlineData("--code needs a value.", "podflare run", "run --code")]
    [InlineData("--limit must be a number, not 'x'.", "podflare sandbox ls", "sandbox ls --limit x")]
    [InlineData("--limit must be more than 0.", "podflare sandbox ls", "sandbox ls --limit -1")]
    [InlineData("--state must be ready, ending, ended or lost, not 'gone'.", "podflare sandbox ls", "sandbox ls --state gone")]
    [InlineData("--metadata expects NAME=VALUE, not 'x'.", "podflare sandbox create", "sandbox create -m x")]
    [InlineData("--lifetime must be a number, not 'x'.", "podflare sandbox create", "sandbox create --lifetime x")]
    [InlineData("One of the two must be in a sandbox: ID:PATH.", "podflare sandbox cp", "sandbox cp a b")]
    [InlineData("The path in the sandbox is missing: ID:PATH.", "podflare sandbox cp", "sandbox cp a sbx_1")]
    [InlineData("Name the sandboxes to delete, or use --all.", "podflare sandbox rm", "sandbox rm")]
    [InlineData("--metadata needs --all.", "podflare sandbox rm", "sandbox rm -m a=b")]
    [InlineData("--after needs --run.", "podflare sandbox output", "sandbox output sbx_1 --after 1")]
    [InlineData("Expected a sandbox ID, not the address 'http://127.0.0.1:7070'.", "podflare sandbox get", "sandbox get http://127.0.0.1:7070")]
    [InlineData("Expected a template name, not the address 'localhost:7070'.", "podflare run", "run -c 1 --template localhost:7070")]
    [InlineData("A command is missing:", "podflare template", "template")]
    [InlineData("Argument <name> is missing.", "podflare template build", "template build")]
    [InlineData("<name> must be 1 to 63 of a-z, 0-9 and -, not 'A_b'.", "podflare template build", "template build A_b")]
    [InlineData("Use either a Dockerfile (--file or a context folder) or --packages and --pip.", "podflare template build", "template build t -f x --packages git")]
    [InlineData("Use either a Dockerfile (--file or a context folder) or --packages and --pip.", "podflare template build", "template build t . --pip numpy")]
    [InlineData("--from needs --packages or --pip: a Dockerfile names its own base.", "podflare template build", "template build t --from debian")]
    [InlineData("--memory-mib must be 64 to 1048576, not 63.", "podflare template build", "template build t --memory-mib 63")]
    [InlineData("--cpus must be 0.05 to 1024, not 0.", "podflare template build", "template build t --cpus 0")]
    [InlineData("--preload expects names of Python modules, separated by commas, not 'a;b'.", "podflare template build", "template build t --preload a;b")]
    [InlineData("--build-arg expects NAME=VALUE, not 'x'.", "podflare template build", "template build t --build-arg x")]
    [InlineData("--max-context-mib must be more than 0 MiB.", "podflare template build", "template build t --max-context-mib 0")]
    public async Task A_usage_error_is_two_lines_on_stderr(string message, string command, string arguments)
    {
        var result = await Tool.RunAsync(Nowhere, arguments.Split(' '));
        Assert.Equal((2, ""), (result.Status, result.Out));
        var lines = result.Err.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"podflare: {message}", lines[0], StringComparison.Ordinal);
        Assert.Equal($"See `{command} --help`.", lines[1]);
    }

    [Fact]
    public async Task With_json_a_usage_error_is_json()
    {
        var result = await Tool.RunAsync(Nowhere, ["sandbox", "ls", "--limit", "0", "--json"]);
        Assert.Equal((2, "", "usage"), (result.Status, result.Out, JsonDocument.Parse(result.Err).RootElement.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("run")]
    [InlineData("sandbox")]
    [InlineData("sandbox create")]
    [InlineData("sandbox ls")]
    [InlineData("sandbox list")]
    [InlineData("sandbox get")]
    [InlineData("sandbox rm")]
    [InlineData("sandbox delete")]
    [InlineData("sandbox exec")]
    [InlineData("sandbox output")]
    [InlineData("sandbox history")]
    [InlineData("sandbox logs")]
    [InlineData("logs")]
    [InlineData("sandbox cp")]
    [InlineData("sandbox shell")]
    [InlineData("sandbox ps")]
    [InlineData("sandbox kill")]
    [InlineData("shell")]
    [InlineData("template")]
    [InlineData("template build")]
    [InlineData("template ls")]
    [InlineData("template list")]
    [InlineData("doctor")]
    [InlineData("config")]
    [InlineData("config set")]
    [InlineData("config use")]
    [InlineData("config ls")]
    [InlineData("config rm")]
    [InlineData("status")]
    [InlineData("incident")]
    [InlineData("incident open")]
    [InlineData("incident update")]
    [InlineData("incident resolve")]
    [InlineData("incident handback")]
    [InlineData("incident ls")]
    [InlineData("maintenance")]
    [InlineData("maintenance schedule")]
    [InlineData("maintenance start")]
    [InlineData("maintenance complete")]
    [InlineData("maintenance ls")]
    [InlineData("completion")]
    public async Task Every_help_has_an_example(string command)
    {
        var help = await Tool.RunAsync(Nowhere, [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((0, ""), (help.Status, help.Err));
        Assert.Contains("Examples:\n  # ", help.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The API key must be at most 512 visible ASCII characters.", "sandbox ls --api-key é")]
    [InlineData("--url: 'foo:bar' is not a valid http or https address.", "sandbox ls --url foo:bar")]
    [InlineData("--admin-url: 'ftp://x' is not a valid http or https address.", "status --admin-url ftp://x")]
    [InlineData("<context>: there is no folder /no/such.", "template build t /no/such")]
    [InlineData("There is no Dockerfile in /proc/self/fd.", "template build t /proc/self/fd")]
    [InlineData("--file: there is no file /no/such.", "template build t --file /no/such")]
    [InlineData("--packages: there is no file /no/such.", "template build t --packages @/no/such")]
    [InlineData("Cannot connect to the status page's admin API at http://127.0.0.1:9: Connection refused.", "status --admin-url 127.0.0.1:9")]
    public async Task A_failure_names_what_the_user_has_set(string message, string arguments)
    {
        var result = await Tool.RunAsync(Nowhere, arguments.Split(' '));
        Assert.Equal((1, ""), (result.Status, result.Out));
        Assert.StartsWith($"podflare: {message}", result.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_names_server_and_key_and_its_key_stays_with_its_server()
    {
        var home = Directory.CreateTempSubdirectory("pf-").FullName;
        var key = $"key-{Guid.NewGuid():N}";
        Assert.Equal(0, (await RunAsync(["config", "set", "prod", "--url", "127.0.0.1:9", "--api-key-stdin"], key + "\n")).Status);
        var file = Path.Combine(home, "podflare", "profiles.json");
        Assert.Contains(key, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await RunAsync(["config", "set", "other", "--url", "http://127.0.0.1:10"]);
        var list = await RunAsync(["config", "list"]);
        Assert.Equal("NAME\tCURRENT\tKEY\tURL\nother\t-\tno\thttp://127.0.0.1:10/\nprod\t*\tyes\thttp://127.0.0.1:9/\n", list.Out);

        Assert.Contains("server http://127.0.0.1:9/ (profile prod, the current profile)", (await RunAsync(["doctor"], unset: true)).Out, StringComparison.Ordinal);
        Assert.Contains("server http://127.0.0.1:10/ (profile other, --profile)", (await RunAsync(["doctor", "--profile", "other"])).Out, StringComparison.Ordinal);
        Assert.Contains("server http://127.0.0.1:9/ (PODFLARE_HOSTD_URL)", (await RunAsync(["doctor"])).Out, StringComparison.Ordinal);
        Assert.Contains("There is no profile 'absent'.", (await RunAsync(["sandbox", "ls", "--profile", "absent"])).Err, StringComparison.Ordinal);

        using var server = new AuthorizationRecorder();
        await RunAsync(["config", "set", "prod", "--url", server.Address.ToString(), "--api-key", key]);
        await RunAsync(["config", "set", "other", "--url", server.Address.ToString()]);
        await RunAsync(["sandbox", "ls", "--profile", "prod"]);
        await RunAsync(["sandbox", "ls", "--profile", "other"]);
        await RunAsync(["sandbox", "ls", "--url", server.Address.ToString()]);
        Assert.Equal([$"Bearer {key}", null, "Bearer from-environment"], server.Seen);

        await RunAsync(["config", "rm", "prod"]);
        Assert.DoesNotContain("prod", (await RunAsync(["config", "ls"])).Out, StringComparison.Ordinal);

        Task<ToolResult> RunAsync(string[] arguments, string input = "", bool unset = false) => Tool.RunAsync(
            Nowhere, arguments, input, new() { ["XDG_CONFIG_HOME"] = home, ["PODFLARE_API_KEY"] = "from-environment", ["PODFLARE_HOSTD_URL"] = unset ? "" : Nowhere.ToString() });
    }
}
