using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Podflare.NetSdk.Cli;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Live;

/// <summary><c>podflare template</c> with the Docker engine and the service.</summary>
public sealed class TemplateTests(Service service) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pf-").FullName;

    // No other test run has this name.
    private readonly string _name = $"test-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    private string _base = "";

    private string Image => $"podflare/{_name}:local";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // By its ID: another build on this machine may give the name to another image meanwhile.
    public async ValueTask InitializeAsync() => _base = (await DockerAsync("image", "inspect", "--format", "{{.Id}}", "podflare/default:local")).Trim();

    public async ValueTask DisposeAsync()
    {
        await DockerAsync("image", "rm", Image);
        Assert.Equal("", await DockerAsync("image", "ls", "--quiet", $"podflare/{_name}"));
        // What failed builds have left to be reused.
        await Until.TrueAsync(RemoveLayersAsync, "the layers of the test are gone");
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_sandbox_has_what_the_Dockerfile_put_into_its_template()
    {
        Write("hello.txt", "hello from a file");
        Write("secret.txt", "not sent");
        Write(".dockerignore", "secret.*\n");
        WriteDockerfile("ARG GREETING=none\nCOPY . /opt/files/\nRUN echo \"$GREETING from a step\" > /opt/step.txt; ls /opt/files\nUSER nobody\nENTRYPOINT [\"/no/such\"]\n");
        var text = await BuildAsync(_folder, "--build-arg", "GREETING=hello", "--default", "--memory-mib", "256");
        Assert.Equal(0, text.Status);
        Assert.Equal(
            [$"Podflare__Templates__{_name}__Image={Image}", $"Podflare__Templates__{_name}__MemoryMib=256", $"Podflare__Templates__{_name}__HomeMib=128", $"Podflare__Templates__{_name}__TmpMib=32", $"Podflare__Create__DefaultTemplate={_name}"],
            text.Out.TrimEnd('\n').Split('\n'));
        Assert.Contains("Step 5/7 : RUN echo", text.Err, StringComparison.Ordinal);
        Assert.Contains("\nhello.txt\n", text.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("secret.txt", text.Err, StringComparison.Ordinal);

        var json = await BuildAsync(_folder, "--build-arg", "GREETING=hello", "--default", "--memory-mib", "256", "--json");
        Assert.Equal((0, ""), (json.Status, json.Err));
        var built = JsonDocument.Parse(json.Out).RootElement;
        var before = await DockerAsync("image", "inspect", "--format", "{{.Id}}", Image);
        Assert.Equal((_name, Image, before.Trim()), (built.GetProperty("name").GetString(), built.GetProperty("image").GetString(), built.GetProperty("id").GetString()));
        Assert.InRange(built.GetProperty("size_bytes").GetInt64(), 1_000_000, 10_000_000_000);
        Assert.InRange(built.GetProperty("seconds").GetDouble(), 0.01, 300);

        var settings = built.GetProperty("settings").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
        Assert.Equal(text.Out.TrimEnd('\n').Split('\n'), settings.Select(pair => $"{pair.Key}={pair.Value}"));
        settings["Podflare__Templates__default__PoolMin"] = "0";
        await using (var other = await Service.StartAsync("t", settings))
        {
            await using var sandbox = await other.Client.CreateSandboxAsync(cancellationToken: Cancellation);
            Assert.Equal(_name, sandbox.Info!.Template);
            var run = await sandbox.RunAsync("import os, pwd; print(open('/opt/files/hello.txt').read(), '+', open('/opt/step.txt').read(), sorted(os.listdir('/opt/files')), pwd.getpwuid(os.getuid()).pw_name, os.path.realpath('/workspace'))", cancellationToken: Cancellation);
            Assert.Equal(("hello from a file + hello from a step\n ['.dockerignore', 'Dockerfile', 'hello.txt'] user /root\n", ""), (run.Stdout, run.Stderr));

            var list = await Tool.RunAsync(other.Address, ["template", "ls"]);
            Assert.Contains($"{_name}\t*\t256 MiB\t256 MiB\t1\t128\t-\n", list.Out, StringComparison.Ordinal);
            var templates = JsonDocument.Parse((await Tool.RunAsync(other.Address, ["template", "ls", "--json"])).Out).RootElement.GetProperty("templates");
            Assert.Equal([_name], templates.EnumerateArray().Where(template => template.GetProperty("default").GetBoolean()).Select(template => template.GetProperty("name").GetString()));
        }

        // The image that the next one replaces is removed.
        Write("hello.txt", "another");
        Assert.Equal(0, (await BuildAsync(_folder)).Status);
        Assert.NotEqual(before, await DockerAsync("image", "inspect", "--format", "{{.Id}}", Image));
        Assert.Equal("", await DockerAsync("image", "inspect", "--format", "{{.Id}}", before.Trim()));
    }

    [Fact]
    public async Task An_image_that_fails_its_check_or_a_step_that_fails_leaves_the_template_as_it_is()
    {
        WriteDockerfile();
        Assert.Equal(0, (await BuildAsync(_folder)).Status);
        var before = await DockerAsync("image", "inspect", "--format", "{{.Id}}", Image);

        WriteDockerfile("RUN echo first\nRUN echo what is wrong >&2; echo more; exit 7\n");
        var step = await BuildAsync(_folder);
        Assert.Equal((1, ""), (step.Status, step.Out));
        Assert.Contains("\nfirst\n", step.Err, StringComparison.Ordinal);
        Assert.EndsWith("podflare: The build of the image failed in step 4/4, RUN echo what is wrong >&2; echo more; exit 7: exit code 7: what is wrong\n", step.Err, StringComparison.Ordinal);
        var json = await BuildAsync(_folder, "--json");
        var error = JsonDocument.Parse(json.Err).RootElement.GetProperty("error").GetString()!;
        Assert.StartsWith("The build of the image failed in step 4/4, RUN echo what is wrong >&2; echo more; exit 7: exit code 7: what is wrong\n", error, StringComparison.Ordinal);
        Assert.Contains($"Step 1/4 : FROM {_base}", error, StringComparison.Ordinal);

        WriteDockerfile("RUN mkdir /opt/x && mv /usr/lib/python3*/zoneinfo /opt/x\n");
        var check = await BuildAsync(_folder);
        Assert.Equal((1, ""), (check.Status, check.Out));
        Assert.EndsWith("podflare: The image is not what a sandbox needs: import zoneinfo: No module named 'zoneinfo'\n", check.Err, StringComparison.Ordinal);

        WriteDockerfile();
        var module = await BuildAsync(_folder, "--preload", "json,no_such_module");
        Assert.EndsWith("No module named 'no_such_module'\n", module.Err, StringComparison.Ordinal);

        WriteDockerfile("RUN rm /workspace && mkdir /workspace && touch /workspace/x\n");
        var finish = await BuildAsync(_folder);
        Assert.Contains("the image has files in /workspace, which is a link to /root in a sandbox", finish.Err, StringComparison.Ordinal);
        Assert.Contains("podflare: The build of the layers that every sandbox needs failed in step ", finish.Err, StringComparison.Ordinal);

        Write("Dockerfile", "FROM podflare/no-such-base:local\n");
        var missing = await BuildAsync(_folder);
        Assert.Contains("The base image is not on this machine and could not be pulled.", missing.Err, StringComparison.Ordinal);
        Assert.Equal(before, await DockerAsync("image", "inspect", "--format", "{{.Id}}", Image));
    }

    [Fact]
    public async Task Files_in_the_home_of_the_image_are_warned_about()
    {
        Write("data.csv", "1");
        WriteDockerfile("COPY data.csv /root/\n");
        var built = await BuildAsync(_folder);
        Assert.Equal(0, built.Status);
        Assert.Contains("podflare: the files that the image has in /root are not visible in a sandbox", built.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--packages", "the base image has no apt-get: name a Debian or Ubuntu image with --from")]
    [InlineData("--pip", "the base image has neither pip nor apt-get: name one that has with --from")]
    public async Task A_base_that_cannot_install_packages_is_named(string option, string message)
    {
        WriteDockerfile();
        Assert.Equal(0, (await BuildAsync(_folder)).Status);
        var built = await BuildAsync(option, "six", "--from", Image);
        Assert.Equal((1, ""), (built.Status, built.Out));
        Assert.Contains($"exit code 1: {message}", built.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:///no/such.sock", "Docker is not running: /no/such.sock does not exist.")]
    [InlineData("tcp://127.0.0.1:2375", "Podflare__Engine__Endpoint is not the address of a Unix socket.")]
    [InlineData("unix:///etc/hostname", "Docker does not answer at /etc/hostname: ")]
    public async Task An_engine_that_cannot_be_used_is_named(string endpoint, string message)
    {
        var built = await Tool.RunAsync(service.Address, ["template", "build", _name, "--packages", "git"], environment: new() { ["Podflare__Engine__Endpoint"] = endpoint });
        Assert.Equal((1, ""), (built.Status, built.Out));
        Assert.StartsWith($"podflare: {message}", built.Err, StringComparison.Ordinal);
        Assert.Contains("Podflare__Engine__Endpoint", built.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_steps_end_with_their_time_limit()
    {
        WriteDockerfile("RUN sleep 60\n");
        var built = await BuildAsync(_folder, "--timeout", "2");
        Assert.Equal((1, ""), (built.Status, built.Out));
        Assert.EndsWith("podflare: The build took longer than --timeout (2 s).\n", built.Err, StringComparison.Ordinal);
    }

    private static async Task<string> DockerAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("docker", ["-H", "unix:///var/run/docker.sock", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var docker = Process.Start(start)!;
        var error = docker.StandardError.ReadToEndAsync(Cancellation);
        var output = (await docker.StandardOutput.ReadToEndAsync(Cancellation)).Trim('\n', '[', ']');
        await error;
        await docker.WaitForExitAsync(Cancellation);
        return output;
    }

    private async Task<bool> RemoveLayersAsync()
    {
        var ids = (await DockerAsync("image", "ls", "--all", "--quiet", "--filter", $"label=podflare.test={_name}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // An image with children is refused until they are gone.
        foreach (var id in ids) await DockerAsync("image", "rm", id);
        return ids.Length == 0;
    }

    private Task<ToolResult> BuildAsync(params string[] arguments) => Tool.RunAsync(service.Address, ["template", "build", _name, .. arguments]);

    /// <summary>Steps on the default image. Their layers have a label by which the test removes them.</summary>
    private void WriteDockerfile(string steps = "") => Write("Dockerfile", $"FROM {_base}\nLABEL podflare.test={_name}\n{steps}");

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
