// A program that keeps a connection, by Java's own HttpClient: java -cp FOLDER Keeper NAME
// Prints what keeper.py does.

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Keeper {
    private static void say(String word, Object text) {
        double now = System.currentTimeMillis() / 1000.0;
        System.out.printf("%.6f %s %s%n", now, word, text.toString().trim());
        System.out.flush();
    }

    private static HttpRequest get(String name, String path) {
        return HttpRequest.newBuilder(URI.create("http://" + name + ":8080" + path)).build();
    }

    public static void main(String[] arguments) throws Exception {
        String name = arguments[0];
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        InputStream download = client.send(get(name, "/stream"), BodyHandlers.ofInputStream()).body();
        try (download) {
            download.read();
            say("holding", "a download");
            download.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException error) {
            say("error", error);
        }
        say("next", client.send(get(name, "/"), BodyHandlers.ofString()).body());
    }
}
