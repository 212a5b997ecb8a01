using Podflare.Cli.Hosting;
using Podflare.Cli.Templates;

namespace Podflare.NetSdk.Cli;

/// <summary>What becomes of lists of packages.</summary>
public sealed class PackageDockerfileTests
{
    [Fact]
    public void Names_come_from_options_and_files()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "# comment\ngit ffmpeg\n\n  libssl3:amd64 # why\n");
        Assert.Equal(["curl", "git", "ffmpeg", "libssl3:amd64", "g++"], PackageList.Debian([$"curl,@{file}", "g++"]));
        File.WriteAllText(file, "pandas>=2,<3 # new\n--extra-index-url https://example.com/simple#x\n");
        Assert.Equal(
            ["numpy>=1.26,<2", "uvicorn[standard,extra]", "pandas>=2,<3", "--extra-index-url https://example.com/simple#x"],
            PackageList.Python(["numpy>=1.26,<2,uvicorn[standard,extra]", $"@{file}"]));
    }

    [Theory]
    [InlineData("--packages: 'a;b' is not the name of a Debian package.", "a;b")]
    [InlineData("--packages: '$(x)' is not the name of a Debian package.", "$(x)")]
    [InlineData("--packages: '-o=x' is not the name of a Debian package.", "-o=x")]
    [InlineData("--packages: there is no file /no/such.", "@/no/such")]
    [InlineData("--packages lists no package.", " , ")]
    public void What_is_not_a_package_is_refused(string message, string value) =>
        Assert.Equal(message, Assert.Throws<CliException>(() => PackageList.Debian([value])).Message);

    [Fact]
    public void Debian_packages_are_installed_beside_a_python_that_the_base_lacks()
    {
        var text = new PackageDockerfile("debian:stable-slim", ["git", "ffmpeg"], []).ToString();
        Assert.StartsWith("FROM debian:stable-slim\nUSER root\nRUN command -v apt-get ", text, StringComparison.Ordinal);
        Assert.Contains("apt-get install -y --no-install-recommends $python git ffmpeg;", text, StringComparison.Ordinal);
        Assert.DoesNotContain("pip", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Python_packages_are_installed_from_a_requirements_file_and_pip_itself_where_it_is_missing()
    {
        var text = new PackageDockerfile("python:3.13-slim", [], ["numpy>=2"]).ToString();
        Assert.Contains("apt-get install -y --no-install-recommends python3 python3-pip;", text, StringComparison.Ordinal);
        Assert.Contains("python3 -m pip install -r /tmp/requirements.txt", text, StringComparison.Ordinal);
        Assert.DoesNotContain("numpy", text, StringComparison.Ordinal);
    }

    /// <summary>Each step is a script of a shell.</summary>
    [Fact]
    public async Task Every_step_is_valid_shell()
    {
        var text = new PackageDockerfile("debian:stable-slim", ["git"], ["numpy"]).ToString();
        foreach (var step in text.Split("\nRUN ")[1..])
        {
            var script = step.Split("\nCOPY ")[0];
            using var shell = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh", ["-n", "-c", script]) { RedirectStandardError = true })!;
            var error = await shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal((0, ""), (shell.ExitCode, error));
        }
    }

    [Fact]
    public void Settings_are_those_that_were_asked_for()
    {
        Assert.Equal(["Podflare__Templates__t__Image=podflare/t:local"], Lines(new TemplateSettings("t", "podflare/t:local", null, null, null, IsDefault: false)));
        Assert.Equal(
            [
                "Podflare__Templates__t__Image=i", "Podflare__Templates__t__MemoryMib=1024", "Podflare__Templates__t__Cpus=0.5",
                "Podflare__Templates__t__Preload=numpy,pandas", "Podflare__Create__DefaultTemplate=t",
            ],
            Lines(new TemplateSettings("t", "i", 1024, 0.5, "numpy,pandas", IsDefault: true)));
        // The server refuses a home and a /tmp that do not fit into the memory.
        Assert.Equal(
            ["Podflare__Templates__t__Image=i", "Podflare__Templates__t__MemoryMib=320", "Podflare__Templates__t__HomeMib=160", "Podflare__Templates__t__TmpMib=40"],
            Lines(new TemplateSettings("t", "i", 320, null, null, IsDefault: false)));

        static IEnumerable<string> Lines(TemplateSettings settings) => settings.Pairs().Select(pair => $"{pair.Key}={pair.Value}");
    }
}
